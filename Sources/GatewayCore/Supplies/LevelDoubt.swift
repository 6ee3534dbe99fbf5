import CivilCalendar
import ConsumableForecast
import Telemetry

/// A level at its end that rests on one report or on an unforetold fall: nothing is ordered by it until it is proven.
struct LevelDoubt: Equatable, Sendable, Codable {
    /// A second report so much later proves it: after a power-on or a reset devices say 0 for some minutes.
    static let proofMilliseconds: Int64 = 15 * 60_000
    /// Where no second report comes for so long, in arrival time, a person is asked.
    static let askAfterMilliseconds: Int64 = 2 * 3_600_000
    /// A proven one is forgotten after so long.
    static let forgottenMilliseconds: Int64 = 3 * 86_400_000

    let fall: LevelFall
    /// The level that is doubted, in percent.
    let levelPercent: Double
    /// Event time since which it was told without a contradiction; nil after one.
    var toldSinceMilliseconds: Int64?
    var isProven = false
    /// Arrival time at which a person is asked; nil before that is known, and once it is done.
    var askMilliseconds: Int64?
    var isAsked = false

    init(fall: LevelFall, levelPercent: Double) {
        self.fall = fall
        self.levelPercent = levelPercent
        toldSinceMilliseconds = fall.sinceMilliseconds
    }

    /// Takes what a later report says of the level. An unknown proves and refutes nothing.
    mutating func take(_ level: SupplyLevel, at time: Int64) {
        let told: Double
        switch level {
        case .percent(let percent, _): told = percent
        case .interval(_, let high): told = high <= SupplyModel.highestLowPercent ? min(high, levelPercent) : high
        case .unknown, .noLimit: return
        }
        guard told <= levelPercent + 1 else {
            toldSinceMilliseconds = nil
            return
        }
        let since = toldSinceMilliseconds ?? time
        toldSinceMilliseconds = since
        if time &- since >= Self.proofMilliseconds { isProven = true }
    }

    func shifted(byMilliseconds step: Int64) -> LevelDoubt {
        var moved = LevelDoubt(
            fall: LevelFall(sinceMilliseconds: fall.sinceMilliseconds.shifted(byMilliseconds: step), fromPercent: fall.fromPercent),
            levelPercent: levelPercent)
        moved.toldSinceMilliseconds = toldSinceMilliseconds.shifted(byMilliseconds: step)
        (moved.isProven, moved.askMilliseconds, moved.isAsked) = (isProven, askMilliseconds, isAsked)
        return moved
    }
}
