/// The form for snapshots.
extension MachineDetector {
    private static let version: UInt8 = 1

    public func write(to bytes: inout [UInt8]) {
        var out = CompactWriter()
        out.byte(Self.version)
        out.number(UInt64(rowsPerBlock))
        out.byte(UInt8(channels.count))
        out.number(row)
        for value in [block, blockRow, settlingRows] { out.number(UInt64(max(value, 0))) }
        for value in [calibrations, raisedRows, rowsSinceChange, rowsSinceOnset] { out.number(UInt64(value)) }
        out.byte((isAnomalous ? 1 : 0) | (awaitsRest ? 2 : 0) | (isChangeArmed ? 4 : 0))
        out.double(changePeak)
        for index in channels.indices {
            channels[index].write(to: &out, blocks: (0..<block).map { blockMean(channel: index, block: $0) })
        }
        bytes += out.bytes
    }

    /// Nil for bytes that no detector wrote.
    public init?(bytes: ArraySlice<UInt8>) {
        var reader = CompactReader(bytes)
        guard reader.byte() == Self.version, let rows = reader.number(), rows >= 1, rows <= 1 << 14, let count = reader.byte(),
            count <= Self.maximumChannels, let row = reader.number(), let block = reader.number(),
            block < UInt64(MachineChannel.blockCount), let blockRow = reader.number(), blockRow < rows, let settling = reader.number(),
            settling <= 4 * rows
        else { return nil }
        self.init(channels: Int(count), warmupRows: Int(rows) * MachineChannel.blockCount)
        self.row = row
        self.block = Int(block)
        self.blockRow = Int(blockRow)
        settlingRows = Int(settling)
        let fields: [WritableKeyPath<MachineDetector, UInt32>] = [\.calibrations, \.raisedRows, \.rowsSinceChange, \.rowsSinceOnset]
        for field in fields {
            guard let value = reader.number(), value <= UInt64(UInt32.max) else { return nil }
            self[keyPath: field] = UInt32(value)
        }
        guard let flags = reader.byte(), let peak = reader.double() else { return nil }
        isAnomalous = flags & 1 != 0
        awaitsRest = flags & 2 != 0
        isChangeArmed = flags & 4 != 0
        changePeak = peak
        for index in channels.indices {
            var means: [Float] = []
            guard let channel = MachineChannel(from: &reader, blocks: self.block, into: &means) else { return nil }
            channels[index] = channel
            for (block, mean) in means.enumerated() { setBlockMean(mean, channel: index, block: block) }
        }
        guard reader.isAtEnd else { return nil }
    }
}

extension MachineChannel {
    private static var doubles: [WritableKeyPath<MachineChannel, Double>] {
        [
            \.origin, \.blockSum, \.rowMean, \.rowSquares, \.usual, \.scale, \.smooth, \.fast, \.slow, \.differenceSquare,
        ]
    }

    /// Of the blocks only those that this calibration has filled.
    func write(to bytes: inout CompactWriter, blocks means: [Float]) {
        bytes.byte(isKnown ? 1 : 0)
        guard isKnown else { return }
        for field in Self.doubles { bytes.double(self[keyPath: field]) }
        for mean in means { bytes.float(mean) }
        bytes.number(UInt64(blockRows))
        bytes.number(UInt64(rows))
        bytes.number(UInt64(differenceRows))
        bytes.float(peak)
    }

    init?(from bytes: inout CompactReader, blocks count: Int, into means: inout [Float]) {
        self.init()
        guard let known = bytes.byte() else { return nil }
        guard known == 1 else { return }
        isKnown = true
        for field in Self.doubles {
            guard let value = bytes.double() else { return nil }
            self[keyPath: field] = value
        }
        for _ in 0..<count {
            guard let value = bytes.float() else { return nil }
            means.append(value)
        }
        guard let blockRows = bytes.number(), blockRows <= UInt64(UInt16.max), let rows = bytes.number(), rows <= UInt64(UInt32.max),
            let differences = bytes.number(), differences <= UInt64(UInt32.max), let peak = bytes.float(), scale >= 0,
            differenceSquare >= 0
        else { return nil }
        self.blockRows = UInt16(blockRows)
        self.rows = UInt32(rows)
        differenceRows = UInt32(differences)
        self.peak = peak
    }
}
