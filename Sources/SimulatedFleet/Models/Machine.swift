import CivilCalendar
import Documents

/// A pump or a compressor, which runs day and night and is judged by its bearing.
struct Machine: DeviceModel {
    private let isPump: Bool
    private var runningHours: Double
    /// mm/s (ISO 10816), degrees Celsius, bar, m3/h, A.
    private var vibration: Double
    private var bearingTemperature: Double
    private var pressure: Double
    private var flow: Double
    private var current: Double
    private var isRunning = true
    private var isInMaintenance = false
    /// A command has slowed it down; it stays slow for a while.
    private var slowUntil: Int64 = 0
    private var clock: Int64

    init(pump: Bool, plan: DevicePlan, generator: inout SplitMix64) {
        isPump = pump
        runningHours = generator.number(900, 24_000)
        vibration = pump ? 2.1 : 3
        bearingTemperature = pump ? 56 : 63
        pressure = pump ? 4.2 : 8.1
        flow = pump ? 12 : 6.4
        current = pump ? 14.5 : 38
        clock = plan.historyStart
    }

    mutating func advance(_ passage: Passage, generator: inout SplitMix64) {
        clock = passage.at
        // Early on Sundays it is greased, if nobody has asked for it otherwise.
        let isServiceHour = WorkingHours.weekday(clock) == .sunday && WorkingHours.hour(clock) == 3
        isInMaintenance = passage.fault == .maintenance || (passage.milliseconds >= 60_000 && isServiceHour)
        // A compressor rests when nobody takes air.
        let load = 0.7 + 0.3 * passage.activity
        isRunning = !isInMaintenance && (isPump || passage.milliseconds < 60_000 || generator.chance(0.75 + 0.2 * passage.activity))
        let pace = isRunning ? load * (clock < slowUntil ? 0.7 : 1) : 0
        if isRunning { runningHours += passage.hours }
        let calm = (isPump ? 2.1 : 3) * (0.2 + 0.8 * pace)
        vibration = max(
            0, passage.approach(vibration, passage.fault == .vibrationHigh ? 8.8 : calm, inertiaSeconds: 6) + generator.noise(0.15))
        let warm = 24 + (isPump ? 34.0 : 41.0) * pace
        let bearingTarget = passage.fault == .bearingHot ? 91 : warm
        bearingTemperature = passage.approach(bearingTemperature, bearingTarget, inertiaSeconds: 8) + generator.noise(0.4)
        pressure = max(0, (isPump ? 4.2 : 8.1) * (pace > 0 ? 0.6 + 0.4 * pace : 0.1) + generator.noise(0.12))
        flow = max(0, (isPump ? 12 : 6.4) * pace + (pace > 0 ? generator.noise(0.4) : 0))
        current = max(0, (isPump ? 14.5 : 38) * (0.05 + 0.95 * pace) + generator.noise(0.5))
    }

    func report(at: Int64, fault: FaultKind?) -> [UInt8] {
        let isBroken = fault != nil && fault != .maintenance && fault != .vibrationHigh
        let status = isInMaintenance ? "maintenance" : (isBroken ? "error" : (isRunning ? "running" : "idle"))
        return nativeReport(at: at, status: status, fault: fault) { writer in
            writer.member("runningHours", runningHours.rounded(decimals: 2))
            writer.member("vibration", vibration.rounded(decimals: 2))
            writer.member("bearingTemp", bearingTemperature.rounded(decimals: 1))
            writer.member("pressure", pressure.rounded(decimals: 2))
            writer.member("flow", flow.rounded(decimals: 1))
            writer.member("current", current.rounded(decimals: 1))
        }
    }

    mutating func commandDone(_ command: String) {
        if command == "slow-down" { slowUntil = clock + 120_000 }
    }
}
