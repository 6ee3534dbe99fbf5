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
    public var unitPlace: UnitPlace?
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

    /// Whether a value of the other rule is a value of this one: another place, or another topic, of the same metric.
    func means(_ other: MetricRule) -> Bool {
        kind == other.kind && isOpen == other.isOpen && unit == other.unit && states == other.states && values == other.values
            && watchesAnomalies == other.watchesAnomalies
    }
}

/// Where a unit is told: by a member beside the value, or by one of the message.
public enum UnitPlace: Equatable, Sendable {
    case beside(String)
    case pointer(PathPattern)
}

/// One row of an enumeration: what the device sends, and what it is called here.
public struct ValueName: Equatable, Sendable {
    public var raw: String
    public var meaning: String
}
