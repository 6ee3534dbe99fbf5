import Documents

/// The form for snapshots: everything, without the zeros. The fields are listed once, for writing and reading.
extension MetricDetector {
    private static let version: UInt8 = 3

    /// Appends the whole state, for `init(bytes:)`.
    public func write(to bytes: inout [UInt8]) {
        var coder = FieldCoder()
        var copy = self
        // What cannot be written, because a field is no number, cannot be read either: such a detector begins anew.
        try? copy.code(by: &coder)
        bytes += coder.bytes
    }

    /// Nil for bytes that no detector wrote.
    public init?(bytes: [UInt8]) {
        var coder = FieldCoder(reading: bytes)
        do { try code(by: &coder) } catch { return nil }
        guard coder.isAtEnd else { return nil }
        updateWeights()
    }

    private mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        var version = Self.version
        try coder.code(&version)
        guard version == Self.version else { throw coder.damage }
        try coder.code(&origin)
        try Self.code(time: &firstMilliseconds, by: &coder)
        try Self.code(time: &lastMilliseconds, by: &coder)
        try Self.code(time: &tickStart, by: &coder)
        try coder.code(&sum)
        try coder.code(compact: &count, atMost: .max - 1)
        try SeasonTable.code(&tables, by: &coder)
        try coder.code(compact: &ticks)
        try coder.code(&tickSeconds, &residualVariance)
        try coder.code(&mean)
        try coder.code(&variance, &level, &previous, &changeVariance)
        try coder.code(&sustained, &sustainedVariance, &activity, &usualActivity)
        let variances = [residualVariance, variance, changeVariance, sustainedVariance]
        // What readings of at most 1e30 can lead to. Beyond that a difference, or its square, may be no number.
        guard tickSeconds >= 0, tickSeconds < 1e15, variances.allSatisfy({ (0...1e63).contains($0) }),
            [mean, level, previous].allSatisfy({ abs($0) <= 1e31 }), abs(sum) <= 1e41,
            [activity, usualActivity].allSatisfy({ (0...10).contains($0) }), abs(sustained) <= 10
        else { throw coder.damage }
        try codeEvents(by: &coder)
    }

    private mutating func codeEvents(by coder: inout FieldCoder) throws(ByteCodingError) {
        for kind in 0..<BlockMaxima.kindCount { try maxima.code(kind, &tables, by: &coder) }
        try coder.code(&blockTicks, &blocksSinceHalving)
        try coder.code(&calm)
        calm = min(calm, Self.calmTicks)
        try coder.code(&isAnomalous, &side)
        try coder.code(&score, &raisedScore)
        guard blockTicks < Self.ticksPerBlock, Double(blocksSinceHalving) < Self.halfLifeBlocks else { throw coder.damage }
        try Self.code(time: &atLimitMilliseconds, by: &coder)
        try Self.code(time: &sideMilliseconds, by: &coder)
        try coder.code(&memory, empty: AnomalyMemory()) { (memory, coder) throws(ByteCodingError) in
            try memory.reason.code(by: &coder)
            try coder.code(&memory.event)
            try coder.code(&memory.normal, empty: AnomalyExtent()) { (normal, coder) throws(ByteCodingError) in try coder.code(&normal) }
        }
    }

    /// `Int64.min`, which stands for no time, has a shorter form.
    private static func code(time: inout Int64, by coder: inout FieldCoder) throws(ByteCodingError) {
        let none: Int64 = -1 << 62
        var coded = time == .min ? none : time
        try coder.code(signed: &coded)
        guard coded == none || coded.magnitude <= UInt64(Int64.max / 4) else { throw coder.damage }
        time = coded == none ? .min : coded
    }
}

extension AnomalyReason {
    mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        var kindCode = kind.rawValue
        try coder.code(&kindCode, &slot)
        guard let kind = AnomalyKind(rawValue: kindCode), Int(slot) < SeasonTable.slotCount else { throw coder.damage }
        self.kind = kind
        try coder.code(&deviation, &expected, &times)
        try coder.code(signed: &durationSeconds)
        try coder.code(&seen)
        try coder.code(compact: &days)
    }
}
