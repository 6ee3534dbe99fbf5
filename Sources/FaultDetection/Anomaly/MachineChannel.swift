/// One gauge within the machine detector: what it usually is, how far its smoothed value usually wanders, and where it is now.
struct MachineChannel: Sendable {
    static let blockCount = 40
    /// By how much of the range in which it has been a channel may leave it.
    private static let knownMargin = 0.25
    /// The share by which the ends of that range come nearer to the usual with each row: in 48 days half, at five minutes a row.
    private static let fadingRate = 0.00005

    /// Values are kept relative to the first, so that a float is exact enough.
    var origin = 0.0
    var isKnown = false

    // Calibration: the block of rows that is open, and the variance of rows. The means of blocks lie in the detector.
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
    /// Where a person has said that it may be; this does not fade.
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
    mutating func calibrate(_ x: Double) {
        blockSum += x
        blockRows &+= 1
        rows &+= 1
        let step = x - rowMean
        rowMean += step / Double(rows)
        rowSquares += step * (x - rowMean)
    }

    /// Ends the open block; its mean.
    mutating func closeBlock() -> Float {
        defer {
            blockSum = 0
            blockRows = 0
        }
        return Float(blockSum / Double(max(blockRows, 1)))
    }

    /// Squared scale from the calibration: noise of a block's mean, twice what the blocks wander beyond that, and some of what
    /// half a calibration apart differs. `block` gives the means of its blocks.
    func calibratedScaleSquare(rowsPerBlock: Int, _ block: (Int) -> Double) -> Double {
        let noise = rowSquares / Double(max(rows, 1))
        let perBlock = noise / Double(rowsPerBlock)
        var wander = 0.0
        for index in 0..<Self.blockCount {
            let d = block(index) - rowMean
            wander += d * d
        }
        wander /= Double(Self.blockCount)
        return perBlock + 2 * max(0, wander - perBlock) + 0.3 * max(0, Self.drift(block) - perBlock / 4)
    }

    /// Half the mean squared difference between means of four blocks that are half a calibration apart.
    private static func drift(_ block: (Int) -> Double) -> Double {
        let apart = blockCount / 2
        var sum = 0.0
        let count = blockCount - apart - 3
        for start in 0..<count {
            var difference = 0.0
            for index in start..<start + 4 { difference += block(index + apart) - block(index) }
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
            if let normal {
                lowest = min(lowest, normal.lowerBound)
                highest = max(highest, normal.upperBound)
            }
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

    /// Where the channel was in the last event is normal.
    mutating func acceptEvent() {
        endEvent()
        normal = min(normal?.lowerBound ?? eventLowest, eventLowest)...max(normal?.upperBound ?? eventHighest, eventHighest)
    }

    mutating func beginCalibration() {
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
