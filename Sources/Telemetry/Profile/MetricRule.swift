/// What a metric is; `level` is the level of a supply in percent.
public enum MetricKind: String, CaseIterable, Sendable, Codable { case gauge, counter, state, level }

/// How a metric is read from messages.
public struct MetricRule: Equatable, Sendable {
    /// May hold captures of the path, as in `temperature.{sensor}`.
    public var name: NameTemplate
    public var path: PathPattern
    public var kind: MetricKind
    /// The first value decides: a number makes a gauge, a word a state. `kind` then says nothing.
    public var isOpen = false
    /// A UCUM code, empty when there is none.
    public var unit: String
    /// Where the device says in which unit it speaks.
    public var unitPlace: CompanionPlace?
    /// Where the device says whether the value holds.
    public var quality: QualityRule?
    /// Whatever stands here means that the value is unknown, such as the code of an error.
    public var isAlwaysUnknown = false
    /// What stands here is the unit of the metric, and no value of it: some programs have a topic for each.
    public var isUnit = false
    /// What stands between the name and the unit in a captured name, as in `temp|°C`.
    public var unitSign: String?
    /// Values that are words whatever they look like, because the device says of which type they are. For open kinds.
    public var wordsWhen: CompanionWords?
    /// This rule is a row of `named`: it takes the place of the general one before it for these names. One `*` stands for any part of a name.
    public var onlyName: String?
    /// The known values of a state, in the profile's order; further ones are learned, up to a limit.
    public var states: [String]
    /// The message rule it belongs to; nil: all of the profile.
    public var message: String?
    /// value = raw · scale + offset
    public var scale = 1.0
    public var offset = 0.0
    /// What words and codes mean: a number for a gauge or counter, another word for a state.
    public var values: [ValueName] = []
    /// Words and numbers, as the device sends them, that mean that it does not know.
    public var unknown: [String] = []
    /// What the value can be, in its unit; a value outside is unknown. Infinite where the profile says nothing.
    public var minimum = -Double.infinity
    public var maximum = Double.infinity
    /// Which bits of a number the value is; nil: the number itself.
    public var packing: PackedNumber?
    /// Its texts are decimal numbers even where they look like identifiers: "0241" is 241.
    public var isDecimalText = false
    /// The pattern of a text that holds the value.
    public var match: TextPattern?

    /// Whether it is watched for anomalies; nil: as the profile says.
    public var watchesAnomalies: Bool?

    func converted(_ raw: Double) -> Double { raw * scale + offset }

    /// The numbers among `unknown`.
    var unknownNumbers: [Double] { unknown.compactMap { Double($0) }.filter(\.isFinite) }
    /// Only texts can be equal to what `unknown` lists besides numbers.
    var hasUnknownWords: Bool { unknownNumbers.count < unknown.count }

    func isRow(for name: String) -> Bool {
        guard let only = onlyName else { return false }
        guard let star = only.firstIndex(of: "*") else { return only == name }
        let (start, end) = (only[..<star], only[only.index(after: star)...])
        return name.hasPrefix(start) && name.hasSuffix(end) && name.utf8.count >= start.utf8.count + end.utf8.count
    }

    /// Only a rule of these has to be asked for more than the value itself.
    var hasCompanions: Bool { quality != nil || isAlwaysUnknown || wordsWhen != nil || unitPlace != nil || isUnit }

    /// Whether a text may be its value, or the first one of it.
    var takesText: Bool { kind == .state || isOpen || match != nil || !values.isEmpty }

    /// Whether a value of the other rule is a value of this one: another place, or another topic, of the same metric.
    func means(_ other: MetricRule) -> Bool {
        kind == other.kind && isOpen == other.isOpen && unit == other.unit && states == other.states && values == other.values
            && watchesAnomalies == other.watchesAnomalies
    }
}

/// One row of an enumeration: what the device sends, and what it is called here.
public struct ValueName: Equatable, Sendable {
    public var raw: String
    public var meaning: String
}
