import Documents

/// The form for snapshots. The fields are listed once, for writing and reading.
extension MachineDetector {
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
        self.init(channels: 0)
        do { try code(by: &coder) } catch { return nil }
        guard coder.isAtEnd else { return nil }
    }

    private mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        var (version, rows, count) = (Self.version, rowsPerBlock, UInt8(channels.count))
        try coder.code(&version)
        try coder.code(compact: &rows, atMost: 1 << 14)
        try coder.code(&count)
        guard version == Self.version, rows >= 1, count <= Self.maximumChannels else { throw coder.damage }
        if coder.isReading { self = MachineDetector(channels: Int(count), warmupRows: rows * MachineChannel.blockCount) }
        try coder.code(compact: &row)
        try coder.code(compact: &block, atMost: MachineChannel.blockCount - 1)
        try coder.code(compact: &blockRow, atMost: rows - 1)
        try coder.code(compact: &settlingRows, atMost: 4 * rows)
        try coder.code(compact: &calibrations)
        try coder.code(compact: &raisedRows)
        try coder.code(compact: &rowsSinceChange)
        try coder.code(compact: &rowsSinceOnset)
        var flags: UInt8 = (isAnomalous ? 1 : 0) | (awaitsRest ? 2 : 0) | (isChangeArmed ? 4 : 0)
        try coder.code(&flags)
        (isAnomalous, awaitsRest, isChangeArmed) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
        try coder.code(&changePeak)
        for channel in channels.indices { try code(channel: channel, by: &coder) }
    }

    /// Of the means of blocks only those that this calibration has filled.
    private mutating func code(channel: Int, by coder: inout FieldCoder) throws(ByteCodingError) {
        try coder.code(&channels[channel].isKnown)
        guard channels[channel].isKnown else { return }
        let fields: [WritableKeyPath<MachineChannel, Double>] = [
            \.origin, \.blockSum, \.rowMean, \.rowSquares, \.usual, \.scale, \.smooth, \.fast, \.slow, \.differenceSquare,
            \.lowest, \.highest, \.eventLowest, \.eventHighest,
        ]
        for field in fields { try coder.code(&channels[channel][keyPath: field]) }
        for block in 0..<block {
            var mean = blockMean(channel: channel, block: block)
            try coder.code(&mean)
            if coder.isReading { setBlockMean(mean, channel: channel, block: block) }
        }
        try coder.code(compact: &channels[channel].blockRows)
        try coder.code(compact: &channels[channel].rows)
        try coder.code(compact: &channels[channel].differenceRows)
        try coder.code(&channels[channel].peak)
        try coder.code(&channels[channel].normal, empty: 0...0) { (range, coder) throws(ByteCodingError) in
            var (low, high) = (range.lowerBound, range.upperBound)
            try coder.code(&low, &high)
            guard low <= high else { throw coder.damage }
            range = low...high
        }
        guard channels[channel].scale >= 0, channels[channel].differenceSquare >= 0 else { throw coder.damage }
    }
}
