public enum MetricKind: String, CaseIterable, Sendable, Codable { case gauge, counter, state, level }

public struct MetricRule: Equatable, Sendable {
    /// May hold captures of the path, as in `temperature.{sensor}`.
    public var name: NameTemplate
    public var path: PathPattern
    public var kind: MetricKind
    /// A UCUM code, empty when there is none.
    public var unit: String
    /// The known values of a state, in the profile's order; further ones are learned, up to a limit.
    public var states: [String]
    /// The message rule it belongs to; nil: all of the profile.
    public var message: String?
    /// value = raw · scale + offset
    public var scale = 1.0
    public var offset = 0.0
    /// What words and codes mean: a number for a gauge or counter, another word for a state.
    public var values: [ValueName] = []

    /// Whether a value of the other rule is a value of this one: they belong to topics of their own and say the same of kind and unit.
    func means(_ other: MetricRule) -> Bool {
        message != nil && other.message != nil && kind == other.kind && unit == other.unit && states == other.states
            && scale == other.scale && offset == other.offset && values == other.values
    }
}

/// One row of an enumeration: what the device sends, and what it is called here.
public struct ValueName: Equatable, Sendable {
    public var raw: String
    public var meaning: String
}
