import Telemetry

@testable import ConsumableForecast

/// A supply that lives through everything that a model knows: steps and trembling, swaps, serial numbers that come late or come back, levels
/// that are words, counters that stand still or begin anew, gaps, repeats, late readings and steps of the clock.
struct SupplySeries {
    private var state: UInt64
    private var left = 100.0
    private var counter = 5000.0
    private var serial: UInt64 = 1
    private(set) var time: Int64 = 1_767_225_600_000
    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
        state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
    }

    private mutating func random(_ limit: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % limit
    }

    /// One more reading; what the model says of it.
    mutating func next(_ model: inout SupplyModel, _ fleet: inout FleetPriors) -> SupplyChange {
        time += Int64(600_000 + random(7_200_000)) + (random(400) == 0 ? Int64(random(2_000_000_000)) : 0)
        let used = Double(random(40)) * (time / 3_600_000 % 24 < 10 ? 0.02 : 0.1)
        left -= used
        counter += used * 30
        if left < Double(random(14)) || random(700) == 0 {
            left = random(20) == 0 ? 60 : 100
            serial = random(8) == 0 ? max(serial, 1) - 1 : serial + 1
        }
        if random(900) == 0 { counter = 0 }
        if random(1200) == 0 { model.shift(byMilliseconds: Int64(random(400_000_000)) - 200_000_000) }
        let step = [1.0, 10, 1, 0.1, 25][Int(seed % 5)]
        var level = SupplyLevel.percent((left / step).rounded(.up) * step, resolution: step)
        if seed % 7 == 3 { level = .percent(max(0, min(100, left.rounded() + Double(random(3)) - 1)), resolution: 1) }
        switch random(60) {
        case 0: level = .unknown(.absent)
        case 1: level = .interval(low: 0, high: 100)
        case 2 where left < 20: level = .interval(low: 0, high: 20)
        case 3 where seed % 3 == 0: level = .percent(0, resolution: 1)
        default: break
        }
        let hasCounter = seed % 6 != 5 && (seed % 11 != 4 || random(3) > 0)
        return model.observe(
            timeMilliseconds: random(100) == 0 ? time - 5_000_000 : time, level: level, counter: hasCounter ? counter.rounded() : nil,
            serial: seed % 4 == 1 ? serial : nil, isRefillable: seed % 6 == 2, fleet: &fleet)
    }
}
