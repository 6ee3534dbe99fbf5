import Telemetry
import Testing

@testable import SimulatedFleet

@Suite struct CommandTests {
    /// A device with that fault, whose temper is as wished; seeds are tried until fate agrees.
    private func device(_ kind: DeviceKind, _ fault: FaultKind, _ temper: DeviceFault.Temper) throws -> SimulatedDevice {
        for seed in UInt64(0)..<500 {
            let plan = DevicePlan(historyStart: liveStart, liveStart: liveStart, faultsPerHour: 0)
            var device = SimulatedDevice(id: kind.name(1), kind: kind, plan: plan, seed: seed)
            _ = device.step(to: liveStart + 10_000)
            device.begin(fault, at: liveStart + 10_000)
            _ = device.drainHappenings()
            if device.fault?.temper == temper { return device }
        }
        Issue.record("no seed below 500 gives \(temper)")
        throw CancellationError()
    }

    private func request(_ id: String) -> [UInt8] { Array("{\"requestId\":\"\(id)\"}".utf8) }

    private func bambuRequest(_ id: String, _ command: String) -> [UInt8] {
        Array("{\"print\":{\"sequence_id\":\"\(id)\",\"command\":\"\(command)\",\"param\":\"\"}}".utf8)
    }

    @Test func aCommandMendsAJamWithinSecondsAndTelemetryShowsIt() throws {
        let native = try ProfileReading("steward-native")
        var printer = try device(.officePrinter, .jam, .obliging)
        var at = liveStart + 10_000
        try native.read(try #require(printer.step(to: at).last).payload)
        #expect(native.codes == ["jam"] && native.state("status") == "error")
        let (messages, disposition) = printer.receive(topic: "devices/prn-0001/commands/clear-jam", payload: request("r-1"), at: at)
        #expect(disposition == .answered)
        #expect(messages.map(\.topic) == ["devices/prn-0001/replies"])
        let payload = try #require(messages.first).payload
        let reply = try #require(try native.reply(payload))
        #expect(reply.requestID == "r-1" && reply.succeeded)
        #expect(printer.fault != nil, "it takes some seconds")
        at += 5_100
        try native.read(try #require(printer.step(to: at).last).payload)
        #expect(native.codes.isEmpty && native.state("status") != "error")
        guard case .recovered(_, true, let after)? = printer.drainHappenings().last else {
            Issue.record("no recovery by command")
            return
        }
        #expect((2_000...5_000).contains(after))
    }

    @Test func theSameRequestIsAnsweredTwiceAndActedUponOnce() throws {
        var printer = try device(.officePrinter, .jam, .reluctant)
        let topic = "devices/prn-0001/commands/clear-jam"
        let at = liveStart + 10_000
        let first = printer.receive(topic: topic, payload: request("r-1"), at: at)
        let again = printer.receive(topic: topic, payload: request("r-1"), at: at)
        #expect(text(try #require(first.messages.first).payload).contains("failed"))
        #expect(first.messages == again.messages)
        #expect(first.disposition == .answered && again.disposition == .repeated)
        #expect(printer.fault?.commandsTaken == 1, "the repetition must not count as the second try, which would mend it")
        let second = printer.receive(topic: "devices/prn-0001/commands/restart", payload: request("r-2"), at: at)
        #expect(text(try #require(second.messages.first).payload).contains("\"ok\""))
        _ = printer.step(to: at + 6_000)
        #expect(printer.fault == nil)
    }

    @Test func someNeverAnswerAndSomeCannotBeMended() throws {
        var silent = try device(.officePrinter, .fuserOverheat, .silent)
        let at = liveStart + 10_000
        let unanswered = silent.receive(topic: "devices/prn-0001/commands/cool-down", payload: request("r-1"), at: at)
        #expect(unanswered.messages.isEmpty && unanswered.disposition == .ignored)
        var stubborn = try device(.officePrinter, .jam, .stubborn(admitsIt: false))
        let answered = stubborn.receive(topic: "devices/prn-0001/commands/restart", payload: request("r-1"), at: at)
        #expect(text(try #require(answered.messages.first).payload).contains("\"ok\""))
        _ = stubborn.step(to: at + 300_000)
        #expect(stubborn.fault != nil)
        _ = stubborn.step(to: at + 1_200_000)
        #expect(stubborn.fault == nil, "in the end a person mends it")
    }

    @Test func hotPartsRunHotAndCoolDown() throws {
        let cases: [(DeviceKind, FaultKind, String, String, Double, Double)] = [
            (.officePrinter, .fuserOverheat, "cool-down", "fuserTemp", 210, 200), (.pump, .bearingHot, "slow-down", "bearingTemp", 80, 75),
            (.compressor, .bearingHot, "slow-down", "bearingTemp", 80, 75),
        ]
        let native = try ProfileReading("steward-native")
        for (kind, fault, command, metric, above, below) in cases {
            var hot = try device(kind, fault, .obliging)
            var at = liveStart + 60_000
            try native.read(try #require(hot.step(to: at).last).payload)
            #expect(try #require(native.value(metric)) > above, "\(kind)")
            let answer = hot.receive(topic: "devices/\(hot.id)/commands/\(command)", payload: request("r"), at: at)
            #expect(answer.messages.count == 1)
            at += 60_000
            try native.read(try #require(hot.step(to: at).last).payload)
            #expect(try #require(native.value(metric)) < below, "\(kind)")
        }
    }

    @Test func aBambuPrinterResumesAndTellsOnlyWhatChanged() throws {
        let bambu = try ProfileReading("bambu-lab")
        let plan = DevicePlan(historyStart: liveStart, liveStart: liveStart, faultsPerHour: 0)
        var fresh = SimulatedDevice(id: "bbl0001", kind: .filamentPrinter, plan: plan, seed: 1)
        let reports = fresh.step(to: liveStart + 60_000).map(\.payload)
        try bambu.read(try #require(reports.first))
        #expect(bambu.state("status") == "PREPARE" && bambu.value("wifiSignal") != nil && bambu.isUnknown("supply.filament.0.3"))
        #expect(try #require(reports.last).count * 2 < reports[0].count, "later reports are differences")

        var printer = try device(.filamentPrinter, .plateMisplaced, .obliging)
        let at = liveStart + 60_000
        let telling = printer.step(to: at).map(\.payload)
        #expect(telling.contains { (try? bambu.read($0)) != nil && bambu.codes.contains("HMS_0300_0D00_0001_0003") })
        let answer = printer.receive(topic: "device/bbl0001/request", payload: bambuRequest("c-9", "resume"), at: at)
        let payload = try #require(answer.messages.first).payload
        let reply = try #require(try bambu.reply(payload))
        #expect(reply.requestID == "c-9" && reply.succeeded)
        for report in reports {
            let none = try bambu.reply(report)
            #expect(none == nil, "a report is no reply")
        }
        _ = printer.step(to: at + 6_000)
        #expect(printer.fault == nil)
        _ = printer.receive(topic: "device/bbl0001/request", payload: Array("{\"pushing\":{\"command\":\"pushall\"}}".utf8), at: at + 6_000)
        try bambu.read(try #require(printer.step(to: at + 6_000).last).payload)
        #expect(bambu.value("layer") != nil && bambu.codes.isEmpty)
    }

    @Test func unreadableRequestsAreIgnoredAndUnknownCommandsRefused() throws {
        var fleet = makeFleet(5, historyDays: 0)
        let at = liveStart + 1_000
        for payload in ["", "{", "[]", "{}", "{\"requestId\":7}", "{\"requestId\":\"\"}"] {
            let answer = fleet.receive(topic: "devices/prn-0001/commands/restart", payload: Array(payload.utf8), at: at)
            #expect(answer.messages.isEmpty && answer.disposition == .ignored, "\(payload)")
        }
        for topic in ["devices/nobody/commands/restart", "devices/prn-0001/telemetry", "device/prn-0001/request", "x"] {
            let answer = fleet.receive(topic: topic, payload: request("r"), at: at)
            #expect(answer.disposition == .ignored, "\(topic)")
        }
        let refused = fleet.receive(topic: "devices/prn-0001/commands/explode", payload: request("r"), at: at)
        #expect(text(try #require(refused.messages.first).payload).contains("failed"))
    }

    @Test func rememberedRequestsAreBounded() {
        var answers = AnsweredRequests()
        for number in 0..<(AnsweredRequests.capacity + 1) { answers.remember("r-\(number)", .ok) }
        #expect(answers["r-0"] == nil)
        #expect(answers["r-1"] == .some(.ok))
    }
}
