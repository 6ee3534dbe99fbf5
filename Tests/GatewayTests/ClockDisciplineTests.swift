import Testing

@testable import Gateway

/// Which time the gateway goes by, whatever the system's clock says.
@Suite struct ClockDisciplineTests {
    static let now: Int64 = 1_790_000_000_000  // 2026-09-21
    private let day: Int64 = 86_400_000
    private let uptime: Int64 = 5_000_000

    private func reading(_ wall: Int64, _ steady: Int64, _ isSynchronised: Bool = false) -> ClockDiscipline.Reading {
        ClockDiscipline.Reading(wallMilliseconds: wall, steadyMilliseconds: steady, isSynchronised: isSynchronised)
    }

    private func running(_ wall: Int64 = now) -> ClockDiscipline {
        ClockDiscipline(reading(wall, uptime), memory: nil, lastCommittedMilliseconds: 0)
    }

    @Test func slewsAreFollowedWithoutAWord() {
        var discipline = running()
        for second in Int64(1)...10_000 {
            // Half a thousandth fast, which is as much as the kernel slews.
            #expect(discipline.look(reading(Self.now + second * 1000 + second / 2, uptime + second * 1000)) == .nothing)
        }
        #expect(abs(discipline.timeMilliseconds(steadyMilliseconds: uptime + 10_000_000) - Self.now - 10_005_000) <= 3)
    }

    @Test(arguments: [10_000, 3_600_000, 40 * 86_400_000, 3653 * 86_400_000] as [Int64], [1, -1] as [Int64])
    func aStepThatATimeServerConfirmsIsFollowedAtOnce(_ size: Int64, _ sign: Int64) {
        var discipline = running()
        #expect(discipline.look(reading(Self.now + 1000 + sign * size, uptime + 1000, true)) == .stepped(byMilliseconds: sign * size))
        #expect(discipline.timeMilliseconds(steadyMilliseconds: uptime + 1000) == Self.now + 1000 + sign * size)
        #expect(discipline.look(reading(Self.now + 2000 + sign * size, uptime + 2000)) == .nothing)
    }

    @Test func aStepThatNobodyConfirmsDoesNoHarmForAWhile() {
        var discipline = running()
        let step = 40 * day
        #expect(discipline.look(reading(Self.now + step, uptime)) == .pending(byMilliseconds: step))
        for second in Int64(1)...75 {
            #expect(discipline.look(reading(Self.now + step + second * 1000, uptime + second * 1000)) == .nothing)
            #expect(discipline.timeMilliseconds(steadyMilliseconds: uptime + second * 1000) == Self.now + second * 1000)
        }
        #expect(discipline.look(reading(Self.now + 76_000, uptime + 76_000)) == .returned)
        #expect(discipline.pendingStep == nil)
    }

    @Test func whatStandsIsFollowedInTheEnd() {
        var discipline = running()
        _ = discipline.look(reading(Self.now + 3_600_000, uptime))
        let end = ClockDiscipline.probationMilliseconds
        #expect(discipline.look(reading(Self.now + 3_600_000 + end - 1000, uptime + end - 1000)) == .nothing)
        #expect(discipline.look(reading(Self.now + 3_600_000 + end, uptime + end)) == .stepped(byMilliseconds: 3_600_000))
    }

    @Test func aFurtherStepBeginsItsWaitAnew() {
        var discipline = running()
        _ = discipline.look(reading(Self.now + day, uptime))
        let half = ClockDiscipline.probationMilliseconds / 2
        #expect(discipline.look(reading(Self.now + 2 * day + half, uptime + half)) == .pending(byMilliseconds: 2 * day))
        #expect(discipline.look(reading(Self.now + 2 * day + 2 * half, uptime + 2 * half)) == .nothing)
        #expect(discipline.look(reading(Self.now + 2 * day + 3 * half, uptime + 3 * half)) == .stepped(byMilliseconds: 2 * day))
    }

    @Test func yearsWaitForADay() {
        var discipline = running()
        let step = 3653 * day
        _ = discipline.look(reading(Self.now + step, uptime))
        #expect(discipline.look(reading(Self.now + step + day / 2, uptime + day / 2)) == .nothing)
        #expect(discipline.look(reading(Self.now + step + day, uptime + day)) == .stepped(byMilliseconds: step))
    }

    /// 1970 and the like are never followed, however long they stand.
    @Test func whatCannotBeIsNeverFollowed() {
        var discipline = running()
        #expect(discipline.look(reading(1000, uptime)) == .pending(byMilliseconds: 1000 - Self.now))
        #expect(discipline.look(reading(1000 + 30 * day, uptime + 30 * day)) == .nothing)
    }

    // MARK: Starts

    @Test func aFirstStartBelievesWhatThereIs() {
        for wall in [63_072_000_000, Self.now, 4_070_908_800_000] as [Int64] {  // 1972, 2026, 2099
            #expect(running(wall).timeMilliseconds(steadyMilliseconds: uptime) == wall)
        }
    }

    @Test func aClockThatWasNotSetIsFollowedAsSoonAsItIs() {
        var discipline = running(63_072_000_000)
        let step = Self.now - 63_072_000_000
        #expect(discipline.look(reading(Self.now + 1000, uptime + 1000)) == .stepped(byMilliseconds: step))
    }

    @Test(arguments: [63_072_000_000, 4_070_908_800_000] as [Int64]) func aStartInAnotherAgeGoesOnFromTheStore(_ wall: Int64) {
        let before = ClockDiscipline.Memory(timeMilliseconds: Self.now, steadyMilliseconds: uptime, isSameBoot: false)
        var discipline = ClockDiscipline(reading(wall, 60_000), memory: before, lastCommittedMilliseconds: Self.now)
        #expect(discipline.timeMilliseconds(steadyMilliseconds: 60_000) == Self.now + 60_000)
        #expect(discipline.look(reading(wall + 1000, 61_000)) == .pending(byMilliseconds: wall - Self.now - 60_000))
        // The network is up, and it was off for a day.
        let right = Self.now + day
        #expect(discipline.look(reading(right, 65_000, true)) == .stepped(byMilliseconds: day - 65_000))
    }

    /// As after a backup was restored on a machine that has been running for long: no time server is there to correct a wrong guess.
    @Test(arguments: [0, 1000, 3_600_000, 40 * 86_400_000] as [Int64]) func withoutAMemoryTheUptimeSaysNothing(_ passed: Int64) {
        let wall = Self.now + passed
        var discipline = ClockDiscipline(reading(wall, uptime), memory: nil, lastCommittedMilliseconds: Self.now)
        #expect(discipline.timeMilliseconds(steadyMilliseconds: uptime) == wall)
        #expect(discipline.look(reading(wall + 1000, uptime + 1000)) == .nothing)
        // Where the clock is behind the last commit it is wrong, or was; nothing runs ahead of either.
        discipline = ClockDiscipline(reading(Self.now - 3_600_000, uptime), memory: nil, lastCommittedMilliseconds: Self.now)
        #expect(discipline.timeMilliseconds(steadyMilliseconds: uptime) == Self.now)
    }

    @Test func timeOffIsNoStep() {
        let discipline = ClockDiscipline(reading(Self.now + 30 * day, 60_000), memory: nil, lastCommittedMilliseconds: Self.now)
        #expect(discipline.timeMilliseconds(steadyMilliseconds: 60_000) == Self.now + 30 * day)
    }

    @Test func aStoreFromTheFutureIsCorrectedByATimeServer() {
        var discipline = ClockDiscipline(reading(Self.now, 60_000, true), memory: nil, lastCommittedMilliseconds: Self.now + 40 * day)
        #expect(discipline.look(reading(Self.now, 60_000, true)) == .stepped(byMilliseconds: -40 * day))
        #expect(discipline.timeMilliseconds(steadyMilliseconds: 60_000) == Self.now)
    }

    @Test func aRestartInTheWrongTimeKnowsTheRightOne() {
        let memory = ClockDiscipline.Memory(timeMilliseconds: Self.now, steadyMilliseconds: uptime, isSameBoot: true)
        let later = reading(Self.now + 40 * day + 5000, uptime + 5000)
        var discipline = ClockDiscipline(later, memory: memory, lastCommittedMilliseconds: Self.now)
        #expect(discipline.timeMilliseconds(steadyMilliseconds: uptime + 5000) == Self.now + 5000)
        #expect(discipline.look(later) == .pending(byMilliseconds: 40 * day))
    }

    @Test func aMemoryOfAnotherBootIsABoundOnly() {
        let memory = ClockDiscipline.Memory(timeMilliseconds: Self.now, steadyMilliseconds: uptime, isSameBoot: false)
        for wall in [Self.now + 5000, Self.now + 3 * day] {
            let discipline = ClockDiscipline(reading(wall, uptime + 5000), memory: memory, lastCommittedMilliseconds: Self.now)
            #expect(discipline.timeMilliseconds(steadyMilliseconds: uptime + 5000) == wall)
        }
    }
}

@Suite struct HistoryHorizonTests {
    private let day: Int64 = 86_400_000
    private let wanted = ClockDisciplineTests.now - 30 * 86_400_000

    @Test func itFollowsTheClockThatRuns() {
        var horizon = HistoryHorizon(stored: nil, wanted: wanted, steadyMilliseconds: 0)
        for minute in Int64(1)...600 {
            horizon.advance(wanted: wanted + minute * 60_000, steadyMilliseconds: minute * 60_000)
            #expect(horizon.milliseconds == wanted + minute * 60_000)
        }
    }

    @Test func aStepForwardsTakesNothingAtOnce() {
        var horizon = HistoryHorizon(stored: wanted, wanted: wanted, steadyMilliseconds: 0)
        horizon.clockStepped(steadyMilliseconds: 0)
        horizon.advance(wanted: wanted + 40 * day, steadyMilliseconds: 75_000)
        #expect(horizon.milliseconds == wanted + 75_000 * 24)
        // Nor does a restart.
        horizon = HistoryHorizon(stored: horizon.milliseconds, wanted: wanted + 40 * day, steadyMilliseconds: 0)
        #expect(horizon.milliseconds == wanted + 75_000 * 24)
        horizon.advance(wanted: wanted, steadyMilliseconds: 1000)
        #expect(horizon.milliseconds == wanted)
    }

    @Test func aClockThatHasStoodForAWeekIsBelieved() {
        var horizon = HistoryHorizon(stored: wanted - 50 * 365 * day, wanted: wanted, steadyMilliseconds: 0)
        for hour in Int64(1)...167 { horizon.advance(wanted: wanted, steadyMilliseconds: hour * 3_600_000) }
        #expect(horizon.milliseconds < wanted)
        horizon.advance(wanted: wanted, steadyMilliseconds: 7 * day)
        #expect(horizon.milliseconds == wanted)
    }
}
