/// Where a device tells something of a value, such as its unit: a member beside the value, or one of the message.
public enum CompanionPlace: Equatable, Sendable {
    case beside(String)
    case pointer(PathPattern)
}

/// A place, and the words there that mean something.
public struct CompanionWords: Equatable, Sendable {
    public var place: CompanionPlace
    public var words: [String]
}

/// Where a device says whether a value holds, and which words say so. Where it says nothing the value holds.
public struct QualityRule: Equatable, Sendable {
    public enum Convention: String, CaseIterable, Sendable {
        /// StatusCode of OPC UA (Part 4, 7.39): the two highest of 32 bits are 0. A number, a text such as `Good`, or an object with `Code`.
        case opcUA
        /// Quality of OPC DA 3.0: the two highest of the low eight bits are 1, as in 192.
        case opcDA
    }
    public enum Good: Equatable, Sendable {
        case words([String])
        case convention(Convention)
    }
    public var place: CompanionPlace
    public var good: Good
}
