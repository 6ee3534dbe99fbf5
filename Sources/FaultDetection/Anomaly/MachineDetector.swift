import Glibc

/// Watches all gauges of a device together, without a rule: raises when the smoothed value of any is far from where it was, clears when
/// those that raised have come back, and tells changes of regime.
///
/// A fault moves some gauges at once, and others (temperatures) slowly for as long as it lasts and long after. So the end of a fault is
/// seen in the gauges that showed its beginning, and what the others are by then becomes their usual value. Where gauges were in an event
/// that is over they may be again: so a machine that works at times is warned of once, and not at each time.
public struct MachineDetector: Sendable {
    public static let maximumChannels = 24
    public static let defaultWarmupRows = 400
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
    var channels: [MachineChannel]
    /// Means of the blocks of this calibration, block by block one of each channel; 0 where a channel was unknown when the block ended.
    private var blockMeans: [Float] = []
    var row: UInt64 = 0
    var block = 0
    var blockRow = 0
    var calibrations: UInt32 = 0
    public internal(set) var isAnomalous = false
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
    public init(channels count: Int, warmupRows: Int = defaultWarmupRows) {
        channels = Array(repeating: MachineChannel(), count: min(max(count, 0), Self.maximumChannels))
        rowsPerBlock = min(max(1, warmupRows / MachineChannel.blockCount), 1 << 14)
    }

    public struct Verdict: Equatable, Sendable {
        /// 0 and up; 1 is the limit.
        public var score: Float = 0
        public var isAnomalous = false
        /// The warning was raised with this very row.
        public var isNew = false
        /// A change of regime is declared with this row.
        public var isChange = false
    }

    public var channelCount: Int { channels.count }

    /// Memory that it takes.
    public var stateBytes: Int {
        MemoryLayout<MachineDetector>.stride + (channels.isEmpty ? 0 : channels.count * MemoryLayout<MachineChannel>.stride + 40)
            + (blockMeans.capacity == 0 ? 0 : blockMeans.capacity * MemoryLayout<Float>.stride + 40)
    }

    var isWarm: Bool { calibrations > 0 }
    /// Rows that belong to one event: how long the peak of a deviation is looked for.
    private var peakRows: UInt32 { UInt32(6 * rowsPerBlock) }

    /// Takes one value a channel, in the order of the channels. Values that are not finite or not there are unknown: their channels stay
    /// as they are.
    public mutating func observe(_ values: some Collection<Double>) -> Verdict {
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
            if !isAnomalous { channels[index].calibrate(x) }
            if !isAnomalous, isBlockFull { setBlockMean(channels[index].closeBlock(), channel: index, block: block) }
            if !isWarm, mayLearn { channels[index].learnDifference(isCalibrating: true) }
            channels[index].followRange(isFirst: row < UInt64(rowsPerBlock), isWarm: isWarm, isAnomalous: isAnomalous)
            if isWarm, !isAnomalous, settlingRows == 0 { channels[index].usual += Self.followingRate * (x - channels[index].usual) }
        }
        // A row of which nothing is known neither raises nor clears.
        guard known else { return Verdict(isAnomalous: isAnomalous) }
        row += 1
        let verdict = isWarm ? verdict() : Verdict()
        if !isAnomalous { advanceCalibration(isBlockFull) }
        return verdict
    }

    func blockMean(channel: Int, block: Int) -> Float {
        let place = block * channels.count + channel
        return place < blockMeans.count ? blockMeans[place] : 0
    }

    /// Memory is taken as blocks end, and given back with the calibration.
    mutating func setBlockMean(_ mean: Float, channel: Int, block: Int) {
        let missing = (block + 1) * channels.count - blockMeans.count
        if missing > 0 {
            if blockMeans.count + missing > blockMeans.capacity { blockMeans.reserveCapacity(blockMeans.count + 4 * channels.count) }
            blockMeans.append(contentsOf: repeatElement(0, count: missing))
        }
        blockMeans[block * channels.count + channel] = mean
    }

    private mutating func advanceCalibration(_ isBlockFull: Bool) {
        blockRow = isBlockFull ? 0 : blockRow + 1
        guard isBlockFull else { return }
        block += 1
        guard block == MachineChannel.blockCount else { return }
        block = 0
        for index in channels.indices {
            let square = channels[index].calibratedScaleSquare(rowsPerBlock: rowsPerBlock) {
                Double(blockMean(channel: index, block: $0))
            }
            if !isWarm { channels[index].usual = channels[index].rowMean }
            // Later calibrations count little each: a fault that creeps in must not become usual before it is noticed.
            let old = channels[index].scale * channels[index].scale
            channels[index].scale = (isWarm && old > 0 ? old + 0.05 * (square - old) : square).squareRoot()
            channels[index].beginCalibration()
        }
        blockMeans = []
        calibrations += 1
    }

    private mutating func verdict() -> Verdict {
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
        blockMeans = []
        for index in channels.indices {
            channels[index].endEvent()
            channels[index].usual = channels[index].smooth
            channels[index].beginCalibration()
        }
    }

    /// A warning was raised at least once.
    public var hasWarned: Bool { isAnomalous || raisedRows > 0 }

    /// A person has called something normal.
    public var hasNormal: Bool { channels.contains { $0.normal != nil } }

    /// "This is normal", said by a person: where the channels were in the event of the last warning they may be from now on, and a warning
    /// that stands is over. False where it never warned.
    public mutating func acceptLastEvent() -> Bool {
        guard hasWarned else { return false }
        for index in channels.indices { channels[index].acceptEvent() }
        if isAnomalous { settle() }
        return true
    }

    /// Nothing is normal any more because a person said so. False where nobody has.
    public mutating func forgetNormal() -> Bool {
        guard hasNormal else { return false }
        for index in channels.indices { channels[index].normal = nil }
        return true
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
