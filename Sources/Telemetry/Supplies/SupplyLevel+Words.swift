extension SupplyLevel {
    /// Why there is no single value, in words; nil when there is one.
    public var reason: String? {
        switch self {
        case .percent: nil
        case .interval(let low, let high): "some remaining, \(Self.rounded(low)) to \(Self.rounded(high)) %"
        case .noLimit: "the device says that nothing here can run out (-1)"
        case .unknown(let reason): reason.description
        }
    }

    /// With one digit behind the point at most, and more only for what would be 0.
    private static func rounded(_ number: Double) -> String {
        let scale = number > 0 && number < 0.05 ? 1000.0 : 10.0
        let text = "\((number * scale).rounded() / scale)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
