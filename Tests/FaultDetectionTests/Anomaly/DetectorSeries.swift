@testable import FaultDetection

/// Series for comparing detectors bit by bit: of whole arithmetic only, so that they are the same on every machine.
enum DetectorSeries {
    struct Reading {
        var value: Double
        var time: Int64
    }

    /// A metric with a daily course, faults, gaps, unknowns, repeated and late readings, and steps of the clock.
    static func metric(seed: UInt64, count: Int) -> [Reading] {
        var noise = SeededNoise(seed)
        var time: Int64 = 1_767_225_600_000
        let interval = [10_000, 60_000, 300_000, 900_000][Int(seed % 4)] as Int64
        let scale = [1, 1e-6, 1e12, 1e3][Int(seed / 4 % 4)]
        var shift = 0.0
        return (0..<count).map { index in
            time += interval + Int64(noise.bits() % 2000)
            if noise.bits() % 1500 == 0 { time += Int64(noise.bits() % 400_000_000) }
            if noise.bits() % 900 == 0 { shift = noise.bits() % 2 == 0 ? 0 : noise.uniform() * 40 - 20 }
            let hour = Double(time / 60_000 % 1440) / 1440
            let course = hour * (1 - hour) * 20
            let wobble = noise.uniform() + noise.uniform() + noise.uniform()
            var reading = Reading(value: (course + wobble + shift) * scale, time: time)
            switch noise.bits() % 400 {
            case 0: reading.value = .nan
            case 1: reading.value = .infinity
            case 2: reading.time -= 5_000_000
            case 3: reading.value = [1e300, -1e300, 0, -0.0][index % 4]
            default: break
            }
            return reading
        }
    }

    /// Rows of gauges of which some vanish for a while.
    static func rows(seed: UInt64, channels: Int, count: Int) -> [[Double]] {
        var noise = SeededNoise(seed)
        var shift = 0.0
        var missing: Set<Int> = []
        return (0..<count).map { _ in
            if noise.bits() % 300 == 0 { shift = noise.bits() % 2 == 0 ? 0 : noise.uniform() * 60 - 30 }
            if noise.bits() % 50 == 0, channels > 0 {
                missing = noise.bits() % 2 == 0 ? [] : [Int(noise.bits() % UInt64(channels)), Int(noise.bits() % UInt64(channels))]
            }
            return (0..<channels).map { channel in
                let value = Double(channel) * 10 + noise.uniform() + noise.uniform() + (channel % 2 == 0 ? shift : 0)
                return missing.contains(channel) ? .nan : value
            }
        }
    }
}
