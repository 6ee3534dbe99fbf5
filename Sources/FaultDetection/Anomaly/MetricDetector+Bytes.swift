/// The form for snapshots: everything, without the zeros.
extension MetricDetector {
    private static let version: UInt8 = 1

    public func write(to bytes: inout [UInt8]) {
        var out = CompactWriter()
        out.byte(Self.version)
        out.double(origin)
        out.signed(firstMilliseconds == .min ? -1 << 62 : firstMilliseconds)
        out.signed(lastMilliseconds == .min ? -1 << 62 : lastMilliseconds)
        out.signed(tickStart == .min ? -1 << 62 : tickStart)
        out.double(sum)
        out.number(UInt64(count))
        SeasonTable.write(tables, to: &out)
        out.number(UInt64(ticks))
        out.float(tickSeconds)
        for value in [
            residualVariance, mean, variance, level, previous, changeVariance, sustained, sustainedVariance,
        ] { out.double(value) }
        for index in 0..<4 { ranks.write(index, tables, to: &out) }
        for value in [blockTicks, blocksSinceHalving, recent.index, recent.ticks, calm, isAnomalous ? 1 : 0, UInt8(bitPattern: side)] {
            out.byte(value)
        }
        out.number(UInt64(totalWeight))
        for index in 0..<12 { out.float(recent.value(index, tables)) }
        out.signed(sideMilliseconds == .min ? -1 << 62 : sideMilliseconds)
        reason.write(to: &out)
        bytes += out.bytes
    }

    /// Nil for bytes that no detector wrote.
    public init?(bytes: ArraySlice<UInt8>) {
        var reader = CompactReader(bytes)
        guard reader.byte() == Self.version, readInputs(&reader), readUsual(&reader), readEvents(&reader), reader.isAtEnd else {
            return nil
        }
    }

    private static func time(_ value: Int64) -> Int64? {
        if value == -1 << 62 { return .min }
        return abs(value) <= Int64.max / 4 ? value : nil
    }

    private mutating func readInputs(_ reader: inout CompactReader) -> Bool {
        guard let origin = reader.double(), let first = reader.signed().flatMap(Self.time), let last = reader.signed().flatMap(Self.time),
            let start = reader.signed().flatMap(Self.time),
            let sum = reader.double(), let count = reader.number(), count < UInt64(UInt32.max),
            SeasonTable.read(from: &reader, &tables)
        else { return false }
        self.origin = origin
        firstMilliseconds = first
        lastMilliseconds = last
        tickStart = start
        self.sum = sum
        self.count = UInt32(count)
        return true
    }

    private mutating func readUsual(_ reader: inout CompactReader) -> Bool {
        guard let ticks = reader.number(), ticks <= UInt64(UInt32.max), let seconds = reader.float(), seconds >= 0, seconds < 1e15 else {
            return false
        }
        self.ticks = UInt32(ticks)
        tickSeconds = seconds
        let fields: [WritableKeyPath<MetricDetector, Double>] = [
            \.residualVariance, \.mean, \.variance, \.level, \.previous, \.changeVariance, \.sustained, \.sustainedVariance,
        ]
        for field in fields {
            guard let value = reader.double() else { return false }
            self[keyPath: field] = value
        }
        return residualVariance >= 0 && variance >= 0 && changeVariance >= 0 && sustainedVariance >= 0
    }

    private mutating func readEvents(_ reader: inout CompactReader) -> Bool {
        for index in 0..<4 {
            guard ranks.read(index, from: &reader, &tables) else { return false }
        }
        guard let blockTicks = reader.byte(), let blocks = reader.byte(), let index = reader.byte(), let ticks = reader.byte(),
            let calm = reader.byte(), let flag = reader.byte(), let side = reader.byte(), let total = reader.number(),
            blockTicks < Self.ticksPerBlock, Double(blocks) < Self.halfLifeBlocks, index < 12, ticks < 26, total < 1 << 24
        else { return false }
        self.blockTicks = blockTicks
        blocksSinceHalving = blocks
        recent = DayMaxima(index: index, ticks: ticks)
        self.calm = min(calm, Self.calmTicks)
        isAnomalous = flag != 0
        self.side = Int8(bitPattern: side)
        totalWeight = UInt32(total)
        for index in 0..<12 {
            guard let value = reader.float() else { return false }
            recent.set(index, value, &tables)
        }
        guard let since = reader.signed().flatMap(Self.time), let reason = AnomalyReason(from: &reader) else { return false }
        sideMilliseconds = since
        self.reason = reason
        weigh()
        return true
    }
}

extension AnomalyReason {
    func write(to bytes: inout CompactWriter) {
        bytes.byte(kind.rawValue | (isWeekend ? 0x80 : 0))
        bytes.double(deviation)
        bytes.double(expected)
        bytes.float(times)
        bytes.signed(durationSeconds)
    }

    init?(from bytes: inout CompactReader) {
        guard let first = bytes.byte(), let kind = AnomalyKind(rawValue: first & 0x7F), let deviation = bytes.double(),
            let expected = bytes.double(), let times = bytes.float(), let duration = bytes.signed()
        else { return nil }
        self.init()
        self.kind = kind
        isWeekend = first & 0x80 != 0
        self.deviation = deviation
        self.expected = expected
        self.times = times
        durationSeconds = duration
    }
}
