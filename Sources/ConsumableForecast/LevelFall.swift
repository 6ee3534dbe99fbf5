/// A level at its end that nothing foretold: the device's first word, or a fall by more than was used. It may be false, as after a power-on
/// or while a cartridge is out; then the level comes back, and no cartridge was changed.
public struct LevelFall: Equatable, Sendable, Codable {
    /// So long after a fall a level that comes back is another cartridge's.
    static let forgottenMilliseconds: Int64 = 3 * 86_400_000
    /// A full cartridge soon after a first word of 0 was there before; later it is a new one.
    static let briefMilliseconds: Int64 = 3_600_000
    /// At and above this a level may be that of a new cartridge.
    static let fullPercent = 85.0

    /// Event time of the first reading of it.
    public var sinceMilliseconds: Int64
    /// The level before; nil where the device had told none.
    public var fromPercent: Double?

    public init(sinceMilliseconds: Int64, fromPercent: Double?) {
        self.sinceMilliseconds = sinceMilliseconds
        self.fromPercent = fromPercent
    }

    /// Whether a level that comes `now` shows that the fall was false, and not that another cartridge came.
    /// - Parameter step: the step in which the device counts, in percent.
    func isRefuted(byPercent level: Double, step: Double, atMilliseconds now: Int64) -> Bool {
        let age = now &- sinceMilliseconds
        guard age >= 0, age <= Self.forgottenMilliseconds else { return false }
        if level >= Self.fullPercent, age > Self.briefMilliseconds { return false }
        // It may have been used meanwhile.
        return fromPercent.map { level <= $0 + max(2, step) && level >= $0 - max(10, 2 * step) } ?? true
    }
}
