import Telemetry
import Testing

@testable import ConsumableForecast

private let start: Int64 = 1_767_225_600_000
private let hour: Int64 = 3_600_000

/// A counter that stands still while the level falls is given up, and days are counted instead. What is no fall must not look like one.
@Suite struct StandstillTests {
    /// Two cartridges of 2000 pages: one is used up, and of the next 70 % are left after 12 days of 100 pages.
    private struct Slot {
        var model = SupplyModel()
        var fleet = FleetPriors()
        var time = start
        var counter = 1000.0
        var left: Double

        init(left: Double = 30) {
            self.left = left
            for index in 0..<24 * 20 {
                let isDay = index % 24 < 10
                if isDay { use(10) }
                tell([0, 1, -1, 1, 0, -1][index * 7 % 6])
            }
        }

        mutating func use(_ pages: Double) {
            counter += pages
            left -= pages / 20
            if left <= 0 { left += 100 }
        }

        /// Nil: unknown.
        mutating func tell(_ jitter: Double?) {
            let level: SupplyLevel =
                jitter.map { .percent(min(max(left.rounded() + $0, 0), 100), resolution: 1) } ?? .unknown(.deviceDoesNotKnow)
            _ = model.observe(timeMilliseconds: time, level: level, counter: counter, fleet: &fleet)
            time += hour
        }

        mutating func night() { for jitter in [0.0, 1, -1, 1, -1, 0, -1, 1, 0, -1, 1, -1] { tell(jitter) } }

        var countsPages: Bool { model.evidence(atMilliseconds: time, fleet: fleet).hasCounter }
        var hasForecast: Bool { if case .estimate = model.forecast(atMilliseconds: time, fleet: fleet) { true } else { false } }
    }

    @Test func aLevelThatIsToldAgainAfterPagesWasNotUsedByNight() {
        var slot = Slot()
        #expect(slot.countsPages && slot.hasForecast)
        for _ in 0..<40 {
            slot.use(10)
            slot.tell(nil)
        }
        slot.night()
        #expect(slot.countsPages && slot.hasForecast)
    }

    @Test func aCartridgeFromTheOtherSlotIsNoFall() {
        var left = Slot(left: 30)
        var right = Slot(left: 5)
        let (high, low) = left.left > right.left ? (left, right) : (right, left)
        (left, right) = (high, low)
        #expect(left.left - right.left >= 15)
        left.night()
        right.night()
        // People exchange them before anything is printed.
        swap(&left.left, &right.left)
        // The slot that got the fuller one is believed first.
        left.tell(0)
        for _ in 0..<2 { right.tell(0) }
        #expect(right.model.hasChangedPlaces(with: left.model, reportedThere: left.left.rounded()))
        right.model.changePlaces(with: &left.model)
        left.night()
        right.night()
        #expect(left.countsPages && left.hasForecast)
        #expect(right.countsPages && right.hasForecast)
    }

    @Test func aCounterThatStandsStillIsGivenUp() {
        var slot = Slot()
        for _ in 0..<30 {
            slot.left -= 1
            slot.tell(0)
        }
        #expect(!slot.countsPages)
    }
}
