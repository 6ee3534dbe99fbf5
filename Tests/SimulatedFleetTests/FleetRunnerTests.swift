import Foundation
import Testing

@testable import SimulatedFleet

@Suite struct FleetRunnerTests {
    private func configuration(_ port: Int, devices: Int = 5) -> FleetConfiguration {
        var configuration = FleetConfiguration()
        configuration.brokerPort = port
        configuration.devices = devices
        configuration.seed = 5
        configuration.historyDays = 1
        configuration.reportSeconds = 0.2
        configuration.faultsPerDevicePerHour = 0
        configuration.supplierListen = nil
        configuration.supplier.failureShare = 0
        configuration.supplier.stepMilliseconds = 10...20
        configuration.supplier.installationMilliseconds = 10...20
        return configuration
    }

    @Test func telemetryIsHeardAndACommandIsAnswered() throws {
        let broker = try Broker()
        defer { broker.stop() }
        let heard = try broker.listen()
        let runner = try FleetRunner(configuration: configuration(broker.port))
        try runner.start()
        defer { runner.stop() }
        func count(_ topic: String) -> Int { heard().count { $0.hasPrefix(topic + " ") } }
        #expect(waitUntil { count("devices/prn-0001/telemetry") > 26 && count("device/bbl0001/report") > 2 })
        let times = heard().filter { $0.hasPrefix("devices/prn-0001/telemetry ") }.compactMap { line in
            line.range(of: "\"ts\":").flatMap { Int64(line[$0.upperBound...].prefix { $0.isNumber }) }
        }
        #expect(times == times.sorted() && times.count > 26)
        #expect(try #require(times.last) - #require(times.first) >= 86_400_000)
        // The fleet's subscription may come later than its first report.
        #expect(
            try waitUntil {
                try broker.publish("devices/prn-0001/commands/restart", "{\"requestId\":\"r-1\"}")
                return count("devices/prn-0001/replies") > 0
            })
        try broker.publish("devices/prn-0001/commands/restart", "{\"requestId\":\"r-1\"}")
        #expect(waitUntil { runner.statistics.commandsRepeated > 0 && count("devices/prn-0001/replies") > 1 })
        let replies = heard().filter { $0.hasPrefix("devices/prn-0001/replies ") }
        #expect(replies.allSatisfy { $0.contains("\"requestId\":\"r-1\"") && $0.contains("\"outcome\":\"ok\"") })
        #expect(runner.statistics.commandsAnswered == 1)
        try broker.publish("device/bbl0001/request", "{\"print\":{\"sequence_id\":\"c-1\",\"command\":\"resume\",\"param\":\"\"}}")
        #expect(waitUntil { heard().contains { $0.contains("\"sequence_id\":\"c-1\"") && $0.contains("\"result\":\"success\"") } })
        runner.stop()
        #expect(runner.statistics.errors == 0, "\(runner.statistics.lastError ?? "")")
        #expect(runner.statistics.messagesPublished > 24 * 4)
    }

    @Test func anOrderIsDeliveredPutInShownAndLiked() throws {
        let broker = try Broker()
        defer { broker.stop() }
        let heard = try broker.listen()
        let gateway = try Postbox()
        var configuration = configuration(broker.port)
        configuration.supplierListen = "127.0.0.1:0"
        configuration.apiURL = gateway.url + "/"
        configuration.webhookSecret = secret
        configuration.surveyShare = 1
        let runner = try FleetRunner(configuration: configuration)
        #expect(runner.supplierAddress == nil)
        try runner.start()
        defer { runner.stop() }
        let address = try #require(runner.supplierAddress)
        func telemetry() -> [String] { heard().filter { $0.hasPrefix("devices/prn-0001/telemetry ") } }
        #expect(waitUntil { telemetry().count > 24 })
        #expect(!telemetry().contains { $0.contains("\"black\":100") })
        #expect(try postOrder("or-7", to: address, secret: secret) == 202)
        #expect(try postOrder("or-8", supply: "no-such-slot", to: address, secret: secret) == 202)
        #expect(waitUntil { telemetry().last?.contains("\"black\":100") ?? false })
        #expect(waitUntil { gateway.all.contains { $0.path == "/api/v1/surveys" } })
        let survey = try #require(gateway.all.first { $0.path == "/api/v1/surveys" })
        #expect(survey.body.contains("\"device\":\"prn-0001\"") && survey.body.contains("afterDelivery"))
        let updates = gateway.all.filter { $0.path == "/api/v1/orders/or-7/updates" }
        #expect(updates.count == 3 && Set(updates.compactMap(\.key)).count == 3)
        #expect(waitUntil { runner.statistics.surveysPosted == 1 && runner.statistics.errors == 1 })
        #expect(runner.statistics.lastError?.contains("no-such-slot") ?? false)
        #expect(runner.statistics.installations == 1)
    }

    @Test func anAbsentBrokerIsWaitedFor() throws {
        let port = Broker.freePort()
        let runner = try FleetRunner(configuration: configuration(port, devices: 1))
        try runner.start()
        defer { runner.stop() }
        #expect(waitUntil { runner.brokerProblem != nil && runner.brokerProblem != "not connected yet" })
        #expect(runner.statistics.messagesPublished == 0)
        let broker = try Broker(port: port)
        defer { broker.stop() }
        let heard = try broker.listen()
        #expect(waitUntil { runner.statistics.messagesPublished > 24 })
        #expect(waitUntil { heard().contains { $0.hasPrefix("devices/prn-0001/telemetry") } })
        #expect(runner.brokerProblem == nil)
        #expect(runner.statistics.errors == 0, "\(runner.statistics.lastError ?? "")")
    }

    @Test func aFleetStartsOnceAndStopsOften() throws {
        let runner = try FleetRunner(configuration: configuration(Broker.freePort(), devices: 1))
        try runner.start()
        #expect(throws: FleetError.self) { try runner.start() }
        runner.stop()
        runner.stop()
        #expect(throws: FleetError.self) { try runner.start() }
    }

    @Test func wrongConfigurationsAreRefusedWithWhatIsExpected() throws {
        var cases: [(FleetConfiguration, String)] = []
        func wrong(_ expected: String, _ change: (inout FleetConfiguration) -> Void) {
            var configuration = configuration(1883)
            change(&configuration)
            cases.append((configuration, expected))
        }
        wrong("devices") { $0.devices = 0 }
        wrong("devices") { $0.devices = 1 << 40 }
        wrong("historyDays") { $0.historyDays = -1 }
        wrong("reportSeconds") { $0.reportSeconds = .nan }
        wrong("faultsPerDevicePerHour") { $0.faultsPerDevicePerHour = .infinity }
        wrong("surveyShare") { $0.surveyShare = 2 }
        wrong("apiURL") { $0.apiURL = "localhost:80" }
        wrong("whsec_") { $0.webhookSecret = "short" }
        for (configuration, expected) in cases {
            do {
                _ = try FleetRunner(configuration: configuration)
                Issue.record("\(expected) was let through")
            } catch {
                #expect("\(error)".contains(expected), "\(error)")
            }
        }
    }
}
