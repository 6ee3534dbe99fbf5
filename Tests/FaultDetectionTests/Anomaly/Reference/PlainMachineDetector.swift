import Glibc

@testable import FaultDetection

/// Watches all gauges of a device together, without a rule: raises when the smoothed value of any is far from where it was, clears when
/// those that raised have come back, and tells changes of regime.
///
/// A fault moves some gauges at once, and others (temperatures) slowly for as long as it lasts and long after. So the end of a fault is
/// seen in the gauges that showed its beginning, and what the others are by then becomes their usual value. Where gauges were in an event
/// that is over they may be again: so a machine that works at times is warned of once, and not at each time.
struct PlainMachineDetector: Sendable {
    static let maximumChannels = 24
    static let defaultWarmupRows = 400
    /// The deviation, in scales, at which the warning is raised: where the score is 1.
    static let limit = 4.0
    /// The share of the limit below which it clears in any case.
    static let quietShare = 0.7
    /// The share of its peak to which the deviation has to come back.
    static let returnedShare = 0.5
    static let followingRate = 0.002
    /// Difference of the fast and the slow mean, in usual ones, at which a change is declared, and at which the machine is at rest again.
    static let changeLimit = 3.6
    static let restLimit = 2.5

    let rowsPerBlock: Int
    var channels: [PlainMachineChannel]
    var row: UInt64 = 0
    var block = 0
    var blockRow = 0
    var calibrations: UInt32 = 0
    var isAnomalous = false
    var raisedRows: UInt32 = 0
    var settlingRows = 0
    var rowsSinceChange: UInt32 = 1 << 30
    var rowsSinceOnset: UInt32 = 1 << 30
    var awaitsRest = false
    /// After a change the difference has to fall before the next.
    var isChangeArmed = true
    var changePeak = 0.0

    /// `warmupRows`, at least 40, are the rows from which the usual is learned before the first warning; more than `maximumChannels`
    /// channels are not looked at.
    init(channels count: Int, warmupRows: Int = defaultWarmupRows) {
        channels = Array(repeating: PlainMachineChannel(), count: min(max(count, 0), Self.maximumChannels))
        rowsPerBlock = min(max(1, warmupRows / PlainMachineChannel.blockCount), 1 << 14)
    }

    typealias Verdict = MachineDetector.Verdict

    var channelCount: Int { channels.count }

    /// Memory that it takes.
    var stateBytes: Int { MemoryLayout<PlainMachineDetector>.stride + channels.capacity * MemoryLayout<PlainMachineChannel>.stride }

    var isWarm: Bool { calibrations > 0 }
    /// Rows that belong to one event: how long the peak of a deviation is looked for.
    private var peakRows: UInt32 { UInt32(6 * rowsPerBlock) }

    /// Takes one value a channel, in the order of the channels. Values that are not finite or not there are unknown: their channels stay
    /// as they are.
    mutating func observe(_ values: some Collection<Double>) -> Verdict {
        let smoothing = 2 / Double(2 * rowsPerBlock + 1)
        let isBlockFull = blockRow + 1 >= rowsPerBlock
        let mayLearn = row >= UInt64(5 * rowsPerBlock)
        var index = 0
        var known = false
        for value in values {
            guard index < channels.count else { break }
            defer { index += 1 }
            guard value.isFinite else { continue }
            known = true
            let x = channels[index].follow(value, smoothing: smoothing)
            if !isAnomalous { channels[index].calibrate(x, block: block, isBlockFull: isBlockFull) }
            if !isWarm, mayLearn { channels[index].learnDifference(isCalibrating: true) }
            channels[index].followRange(isFirst: row < UInt64(rowsPerBlock), isWarm: isWarm, isAnomalous: isAnomalous)
            if isWarm, !isAnomalous, settlingRows == 0 { channels[index].usual += Self.followingRate * (x - channels[index].usual) }
        }
        // A row of which nothing is known neither raises nor clears.
        guard known else { return Verdict(isAnomalous: isAnomalous) }
        row += 1
        let verdict = isWarm ? judge() : Verdict()
        if !isAnomalous { advanceCalibration(isBlockFull) }
        return verdict
    }

    private mutating func advanceCalibration(_ isBlockFull: Bool) {
        blockRow = isBlockFull ? 0 : blockRow + 1
        guard isBlockFull else { return }
        block += 1
        guard block == PlainMachineChannel.blockCount else { return }
        block = 0
        for index in channels.indices {
            let square = channels[index].calibratedScaleSquare(rowsPerBlock: rowsPerBlock)
            if !isWarm { channels[index].usual = channels[index].rowMean }
            // Later calibrations count little each: a fault that creeps in must not become usual before it is noticed.
            let old = channels[index].scale * channels[index].scale
            channels[index].scale = (isWarm && old > 0 ? old + 0.05 * (square - old) : square).squareRoot()
            channels[index].beginCalibration()
        }
        calibrations += 1
    }

    private mutating func judge() -> Verdict {
        var largest = 0.0
        for channel in channels { largest = max(largest, abs(channel.deviation)) }
        let wasAnomalous = isAnomalous
        if isAnomalous {
            raisedRows += 1
            if hasReturned(largest) { settle() }
        } else if settlingRows == 0, largest > Self.limit {
            raise()
        }
        if settlingRows > 0 {
            settlingRows -= 1
            for index in channels.indices { channels[index].usual = channels[index].smooth }
        }
        var verdict = Verdict(score: Float(min(largest / Self.limit, 1e6)), isAnomalous: isAnomalous)
        verdict.isNew = isAnomalous && !wasAnomalous
        verdict.isChange = isChange(isAnomalous != wasAnomalous)
        return verdict
    }

    private mutating func raise() {
        isAnomalous = true
        raisedRows = 0
        for index in channels.indices {
            channels[index].peak = Float(min(max(channels[index].deviation, -1e30), 1e30))
            channels[index].beginEvent()
        }
    }

    /// The state is normal again: what is now is usual, for the channels that the fault moved for good too.
    private mutating func settle() {
        isAnomalous = false
        settlingRows = 4 * rowsPerBlock
        block = 0
        blockRow = 0
        for index in channels.indices {
            channels[index].endEvent()
            channels[index].usual = channels[index].smooth
            channels[index].beginCalibration()
        }
    }

    mutating func accept() {
        guard isAnomalous || raisedRows > 0 else { return }
        for index in channels.indices {
            channels[index].endEvent()
            let event = channels[index].eventLowest...channels[index].eventHighest
            let before = channels[index].normal ?? event
            channels[index].normal = min(before.lowerBound, event.lowerBound)...max(before.upperBound, event.upperBound)
        }
        if isAnomalous { settle() }
    }

    /// Whether the channels that raised it have come back: the mean of what is left of their peaks, weighed by the peaks' logarithms.
    private mutating func hasReturned(_ largest: Double) -> Bool {
        if largest < Self.quietShare * Self.limit { return true }
        // After so long (three and a half days of rows of five minutes) it is no fault any more but how the machine is.
        if raisedRows > UInt32(100 * rowsPerBlock) { return true }
        var left = 0.0
        var weights = 0.0
        for index in channels.indices {
            let deviation = channels[index].deviation
            if raisedRows <= peakRows, abs(deviation) > abs(Double(channels[index].peak)) {
                channels[index].peak = Float(min(max(deviation, -1e30), 1e30))
            }
            let peak = Double(channels[index].peak)
            guard abs(peak) > Self.limit else { continue }
            let weight = log(abs(peak) / Self.limit) + 0.1
            left += weight * min(deviation / peak, 1)
            weights += weight
        }
        return raisedRows > UInt32(3 * rowsPerBlock) && weights > 0 && left / weights < Self.returnedShare
    }

    /// A change is declared where the fast mean leaves the slow one, where the warning is raised or cleared, and once more when the
    /// machine has come to rest after a change that came out of quiet.
    private mutating func isChange(_ isTurn: Bool) -> Bool {
        var largest = 0.0
        for index in channels.indices {
            largest = max(largest, channels[index].regimeDifference)
            channels[index].learnDifference(isCalibrating: false)
        }
        rowsSinceChange &+= rowsSinceChange < .max ? 1 : 0
        rowsSinceOnset &+= rowsSinceOnset < .max ? 1 : 0
        let mayChange = rowsSinceChange > UInt32(2 * rowsPerBlock)
        var isChange = mayChange && (isTurn || isChangeArmed && largest > Self.changeLimit)
        if !isChangeArmed {
            isChangeArmed = largest < changePeak || largest < Self.changeLimit
            changePeak = isChangeArmed ? largest : max(changePeak, largest)
        }
        if awaitsRest, rowsSinceOnset >= UInt32(5 * rowsPerBlock), largest < Self.restLimit {
            awaitsRest = false
            isChange = true
        }
        guard isChange else { return false }
        let quiet = UInt32(6 * rowsPerBlock)
        if rowsSinceChange > quiet, rowsSinceOnset > quiet {
            awaitsRest = true
            rowsSinceOnset = 0
        }
        rowsSinceChange = 0
        isChangeArmed = false
        changePeak = largest
        return true
    }
}

/// The form for snapshots.
extension PlainMachineDetector {
    private static let version: UInt8 = 3

    func write(to bytes: inout [UInt8]) {
        var out = CompactWriter()
        out.byte(Self.version)
        out.number(UInt64(rowsPerBlock))
        out.byte(UInt8(channels.count))
        out.number(row)
        for value in [block, blockRow, settlingRows] { out.number(UInt64(max(value, 0))) }
        for value in [calibrations, raisedRows, rowsSinceChange, rowsSinceOnset] { out.number(UInt64(value)) }
        out.byte((isAnomalous ? 1 : 0) | (awaitsRest ? 2 : 0) | (isChangeArmed ? 4 : 0))
        out.double(changePeak)
        for channel in channels { channel.write(to: &out, blocks: block) }
        bytes += out.bytes
    }

    /// Nil for bytes that no detector wrote.
    init?(bytes: ArraySlice<UInt8>) {
        var reader = CompactReader(bytes)
        guard reader.byte() == Self.version, let rows = reader.number(), rows >= 1, rows <= 1 << 14, let count = reader.byte(),
            count <= Self.maximumChannels, let row = reader.number(), let block = reader.number(),
            block < UInt64(PlainMachineChannel.blockCount), let blockRow = reader.number(), blockRow < rows, let settling = reader.number(),
            settling <= 4 * rows
        else { return nil }
        self.init(channels: Int(count), warmupRows: Int(rows) * PlainMachineChannel.blockCount)
        self.row = row
        self.block = Int(block)
        self.blockRow = Int(blockRow)
        settlingRows = Int(settling)
        let fields: [WritableKeyPath<PlainMachineDetector, UInt32>] = [\.calibrations, \.raisedRows, \.rowsSinceChange, \.rowsSinceOnset]
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
            guard let channel = PlainMachineChannel(from: &reader, blocks: self.block) else { return nil }
            channels[index] = channel
        }
        guard reader.isAtEnd else { return nil }
    }
}

extension PlainMachineChannel {
    private static var doubles: [WritableKeyPath<PlainMachineChannel, Double>] {
        [
            \.origin, \.blockSum, \.rowMean, \.rowSquares, \.usual, \.scale, \.smooth, \.fast, \.slow, \.differenceSquare,
            \.lowest, \.highest, \.eventLowest, \.eventHighest,
        ]
    }

    /// Of the blocks only those that this calibration has filled.
    func write(to bytes: inout CompactWriter, blocks count: Int) {
        bytes.byte(isKnown ? 1 : 0)
        guard isKnown else { return }
        for field in Self.doubles { bytes.double(self[keyPath: field]) }
        for index in 0..<count { bytes.float(blocks[index]) }
        bytes.number(UInt64(blockRows))
        bytes.number(UInt64(rows))
        bytes.number(UInt64(differenceRows))
        bytes.float(peak)
        bytes.byte(normal == nil ? 0 : 1)
        if let normal {
            bytes.double(normal.lowerBound)
            bytes.double(normal.upperBound)
        }
    }

    init?(from bytes: inout CompactReader, blocks count: Int) {
        self.init()
        guard let known = bytes.byte() else { return nil }
        guard known == 1 else { return }
        isKnown = true
        for field in Self.doubles {
            guard let value = bytes.double() else { return nil }
            self[keyPath: field] = value
        }
        for index in 0..<count {
            guard let value = bytes.float() else { return nil }
            blocks[index] = value
        }
        guard let blockRows = bytes.number(), blockRows <= UInt64(UInt16.max), let rows = bytes.number(), rows <= UInt64(UInt32.max),
            let differences = bytes.number(), differences <= UInt64(UInt32.max), let peak = bytes.float(), scale >= 0,
            differenceSquare >= 0
        else { return nil }
        self.blockRows = UInt16(blockRows)
        self.rows = UInt32(rows)
        differenceRows = UInt32(differences)
        self.peak = peak
        guard let hasNormal = bytes.byte() else { return nil }
        guard hasNormal != 0 else { return }
        guard let low = bytes.double(), let high = bytes.double(), low <= high else { return nil }
        normal = low...high
    }
}

/// One gauge within the machine detector: what it usually is, how far its smoothed value usually wanders, and where it is now.
struct PlainMachineChannel: Sendable {
    static let blockCount = 40
    /// By how much of the range in which it has been a channel may leave it.
    private static let knownMargin = 0.25
    /// The share by which the ends of that range come nearer to the usual with each row: in 48 days half, at five minutes a row.
    private static let fadingRate = 0.00005

    /// Values are kept relative to the first, so that a float is exact enough.
    var origin = 0.0
    var isKnown = false

    // Calibration: means of blocks of rows, and the variance of rows.
    var blocks = InlineArray<40, Float>(repeating: 0)
    var blockSum = 0.0
    var blockRows: UInt16 = 0
    var rows: UInt32 = 0
    var rowMean = 0.0
    var rowSquares = 0.0

    /// What the channel usually is, and the usual deviation of its smoothed value; 0 while that is not known.
    var usual = 0.0
    var scale = 0.0

    // Smoothed values: for the alarm, and a fast and a slow one for changes of regime.
    var smooth = 0.0
    var fast = 0.0
    var slow = 0.0
    var differenceSquare = 0.0
    var differenceRows: UInt32 = 0

    /// The furthest deviation, in scales, soon after the alarm was raised.
    var peak: Float = 0

    /// The lowest and the highest smoothed value while the usual was first learned, and in events that are over; they fade.
    var lowest = 0.0
    var highest = 0.0
    /// The same of the event that stands.
    var eventLowest = 0.0
    var eventHighest = 0.0
    /// What a person has called normal.
    var normal: ClosedRange<Double>?

    /// Multiples of the usual deviation, signed. 0 where the channel has been before, or nearly: a machine that works at times is as usual
    /// at work as idle, once it was seen at both.
    var deviation: Double {
        let margin = Self.knownMargin * (highest - lowest)
        guard scale > 0, smooth > highest + margin || smooth < lowest - margin else { return 0 }
        return (smooth - usual) / scale
    }

    /// Difference between the fast and the slow mean, in multiples of its usual size.
    var regimeDifference: Double {
        let difference = fast - slow
        return differenceSquare > 0 ? abs(difference) / differenceSquare.squareRoot() : 0
    }

    /// Smooths a value in and returns it relative to the origin.
    mutating func follow(_ value: Double, smoothing: Double) -> Double {
        if !isKnown {
            isKnown = true
            origin = value
        }
        let x = min(max(value - origin, -1e30), 1e30)
        smooth += (x - smooth) * smoothing
        fast += (x - fast) * min(1, smoothing * 21 / 11)
        slow += (x - slow) * smoothing * 21 / 31
        return x
    }

    /// Adds a row to the calibration.
    mutating func calibrate(_ x: Double, block: Int, isBlockFull: Bool) {
        blockSum += x
        blockRows &+= 1
        if isBlockFull {
            blocks[block] = Float(blockSum / Double(max(blockRows, 1)))
            blockSum = 0
            blockRows = 0
        }
        rows &+= 1
        let step = x - rowMean
        rowMean += step / Double(rows)
        rowSquares += step * (x - rowMean)
    }

    /// Squared scale from the calibration: noise of a block's mean, twice what the blocks wander beyond that, and some of what
    /// half a calibration apart differs.
    func calibratedScaleSquare(rowsPerBlock: Int) -> Double {
        let noise = rowSquares / Double(max(rows, 1))
        let perBlock = noise / Double(rowsPerBlock)
        var wander = 0.0
        for index in 0..<Self.blockCount {
            let d = Double(blocks[index]) - rowMean
            wander += d * d
        }
        wander /= Double(Self.blockCount)
        return perBlock + 2 * max(0, wander - perBlock) + 0.3 * max(0, drift() - perBlock / 4)
    }

    /// Half the mean squared difference between means of four blocks that are half a calibration apart.
    private func drift() -> Double {
        let apart = Self.blockCount / 2
        var sum = 0.0
        let count = Self.blockCount - apart - 3
        for start in 0..<count {
            var difference = 0.0
            for index in start..<start + 4 { difference += Double(blocks[index + apart]) - Double(blocks[index]) }
            sum += difference * difference / 16
        }
        return sum / Double(count) / 2
    }

    /// Follows where the channel has been.
    mutating func followRange(isFirst: Bool, isWarm: Bool, isAnomalous: Bool) {
        if isAnomalous {
            eventLowest = min(eventLowest, smooth)
            eventHighest = max(eventHighest, smooth)
        } else if isWarm {
            lowest += Self.fadingRate * (usual - lowest)
            highest += Self.fadingRate * (usual - highest)
            lowest = min(lowest, normal?.lowerBound ?? lowest)
            highest = max(highest, normal?.upperBound ?? highest)
        } else {
            lowest = isFirst ? smooth : min(lowest, smooth)
            highest = isFirst ? smooth : max(highest, smooth)
        }
    }

    mutating func beginEvent() {
        eventLowest = smooth
        eventHighest = smooth
    }

    /// Where the channel was in the event is known from now on.
    mutating func endEvent() {
        lowest = min(lowest, eventLowest)
        highest = max(highest, eventHighest)
    }

    mutating func beginCalibration() {
        // A block that ends without a value of the channel counts as 0, and not as what it was in the calibration before: a snapshot does not
        // keep that.
        blocks = InlineArray<40, Float>(repeating: 0)
        blockSum = 0
        blockRows = 0
        rows = 0
        rowMean = 0
        rowSquares = 0
    }

    /// The size of differences follows slowly; a large one counts for at most nine times the usual square.
    mutating func learnDifference(isCalibrating: Bool) {
        let difference = fast - slow
        let square = difference * difference
        if isCalibrating {
            differenceRows &+= 1
            differenceSquare += (square - differenceSquare) / Double(differenceRows)
        } else {
            differenceSquare += 0.003 * (min(square, 9 * differenceSquare) - differenceSquare)
        }
    }
}
