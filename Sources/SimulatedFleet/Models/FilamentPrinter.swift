/// A 3D printer that reports as Bambu Lab's do: everything once, then only what has changed. Time is counted from arrival.
struct FilamentPrinter: DeviceModel {
    private enum Phase: Sendable {
        case preparing(until: Int64)
        case running(doneMilliseconds: Int64)
        case finished(until: Int64)
        case failed(until: Int64)
    }

    private static let fullReportEvery = 150

    private var phase: Phase
    private var jobMilliseconds: Int64
    private var jobLayers: Int64
    private var isPaused = false
    private var stopRequested = false
    private var nozzle = 24.0
    private var bed = 23.0
    private var wifi = -52.0
    private var humidityLevel: Int64 = 4
    private var amsTemperature = 25.0
    /// Percent of each spool; nil where it has no tag.
    private var spools: [Double?]
    private var activeTray = 0
    private var told: BambuSnapshot?
    private var sequence: Int64 = 0
    private var reportsUntilFull = 0

    init(plan: DevicePlan, generator: inout SplitMix64) {
        phase = .preparing(until: plan.liveStart + generator.integer(4_000...40_000))
        jobMilliseconds = generator.integer(300_000...1_800_000)
        jobLayers = generator.integer(60...420)
        spools = (0..<4).map { _ in generator.number(30, 100) }
        // The last spool is of another maker.
        spools[3] = nil
        activeTray = Int(generator.integer(0...2))
    }

    mutating func advance(_ passage: Passage, generator: inout SplitMix64) {
        isPaused = passage.fault != nil
        followJob(passage, generator: &generator)
        let isHeating = if case .finished = phase { false } else if case .failed = phase { false } else { true }
        let target: Double = passage.fault == .nozzleOverheat ? 338 : (isHeating ? 220 : 30)
        nozzle = passage.approach(nozzle, target, inertiaSeconds: 5) + generator.noise(0.4)
        bed = passage.approach(bed, isHeating ? 60 : 28, inertiaSeconds: 20) + generator.noise(0.2)
        wifi = min(-40, max(-75, wifi + generator.noise(2) + (-52 - wifi) * 0.2))
        if generator.chance(0.02) { amsTemperature = 25 + generator.noise(1.5) }
        if generator.chance(0.005) { humidityLevel = generator.integer(3...5) }
    }

    private mutating func followJob(_ passage: Passage, generator: inout SplitMix64) {
        if stopRequested {
            stopRequested = false
            phase = .failed(until: passage.at + 15_000)
            return
        }
        guard !isPaused else { return }
        switch phase {
        case .preparing(let until):
            if passage.at >= until { phase = .running(doneMilliseconds: 0) }
        case .running(let done):
            let now = done + passage.milliseconds
            if let level = spools[activeTray] { spools[activeTray] = max(1, level - passage.hours * 2.5) }
            phase =
                now >= jobMilliseconds ? .finished(until: passage.at + generator.integer(15_000...60_000)) : .running(doneMilliseconds: now)
        case .finished(let until), .failed(let until):
            guard passage.at >= until else { return }
            phase = .preparing(until: passage.at + generator.integer(10_000...40_000))
            jobMilliseconds = generator.integer(300_000...1_800_000)
            jobLayers = generator.integer(60...420)
            activeTray = Int(generator.integer(0...2))
        }
    }

    private func snapshot(fault: FaultKind?) -> BambuSnapshot {
        var done: Int64 = 0
        var state = "PREPARE"
        var targets = (nozzle: 220.0, bed: 60.0)
        switch phase {
        case .preparing: break
        case .running(let milliseconds):
            done = milliseconds
            state = "RUNNING"
        case .finished:
            done = jobMilliseconds
            state = "FINISH"
            targets = (0, 0)
        case .failed:
            state = "FAILED"
            targets = (0, 0)
        }
        if fault != nil, state == "RUNNING" || state == "PREPARE" { state = "PAUSE" }
        return BambuSnapshot(
            state: state, nozzle: nozzle.rounded(decimals: 2), nozzleTarget: targets.nozzle, bed: bed.rounded(decimals: 2),
            bedTarget: targets.bed, percent: done * 100 / jobMilliseconds, remainingMinutes: (jobMilliseconds - done + 59_999) / 60_000,
            layer: done * jobLayers / jobMilliseconds, wifi: Int64(wifi.rounded()), printError: fault == .plateMisplaced ? 0x0300_800D : 0,
            health: fault?.traits.healthMessage.map { [$0] } ?? [], humidityLevel: humidityLevel,
            amsTemperature: amsTemperature.rounded(decimals: 1),
            trays: spools.map { $0.map { Int64($0.rounded()) } ?? -1 })
    }

    mutating func report(at: Int64, fault: FaultKind?) -> [UInt8] {
        let now = snapshot(fault: fault)
        sequence += 1
        let previous = reportsUntilFull > 0 ? told : nil
        reportsUntilFull = previous == nil ? Self.fullReportEvery : reportsUntilFull - 1
        told = now
        return now.payload(since: previous, sequence: sequence)
    }

    /// Answers `pushall` with the whole state.
    mutating func forgetTold() { reportsUntilFull = 0 }

    /// `filament.{unit}.{tray}`; there is one unit, 0.
    private func tray(_ supply: String) -> Int? {
        let parts = supply.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "filament", parts[1] == "0", let tray = Int(parts[2]), spools.indices.contains(tray) else {
            return nil
        }
        return tray
    }

    mutating func install(supply: String) -> Bool {
        guard let tray = tray(supply) else { return false }
        spools[tray] = 100
        return true
    }

    func level(of supply: String) -> Double? { tray(supply).flatMap { spools[$0] } }

    mutating func commandDone(_ command: String) {
        if command == "stop" { stopRequested = true }
    }
}
