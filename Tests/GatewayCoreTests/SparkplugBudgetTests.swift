import Sparkplug
import Testing

@testable import GatewayCore

/// What Sparkplug nodes may take: topics, nodes, metrics, devices behind them.
@Suite struct SparkplugBudgetTests {
    private static let profile = """
        { profile: "any", messages: [{ format: "sparkplug", topic: "spBv1.0/+/+/+" }, { format: "sparkplug", topic: "spBv1.0/+/+/+/+" }],
          metrics: { temp: { pointer: "/Temp" } } }
        """

    private func send(
        _ driver: inout Driver, _ topic: String, seq: UInt64?, _ metrics: [(name: String, value: Double)], at second: Double
    ) throws {
        let time = Driver.start + Int64(second * 1000)
        var writer = SparkplugPayloadWriter(timestampMilliseconds: time, seq: seq)
        for metric in metrics {
            try writer.add(name: metric.name, timestampMilliseconds: time, datatype: .double, value: .number(metric.value))
        }
        driver.take([.message(topic: "spBv1.0/" + topic, payload: writer.bytes, isRetained: false)], atMilliseconds: time)
    }

    private func birth(_ driver: inout Driver, _ node: String, metrics: Int = 1, at second: Double) throws {
        try send(&driver, "g/NBIRTH/\(node)", seq: 0, (0..<metrics).map { ($0 == 0 ? "Temp" : "m\($0)", Double($0)) }, at: second)
    }

    private func driver(devices: Int = 200, nodes: Int = 20, metrics: Int = 1000) throws -> Driver {
        var configuration = CoreConfiguration()
        configuration.maximumDevices = devices
        configuration.maximumSparkplugNodes = nodes
        configuration.maximumSparkplugMetrics = metrics
        return try Driver([Self.profile], configuration: configuration)
    }

    @Test func topicsOfOneNodeDoNotGrowWithoutBound() throws {
        var driver = try driver()
        try birth(&driver, "good", at: 1)
        for number in 0..<3000 { try send(&driver, "g/DDATA/bad/d\(number)", seq: nil, [("Temp", 1)], at: 2) }
        #expect(driver.core.fleet.topics.count <= 600)
        #expect(driver.core.sparkplug.targets.count <= 400)
        try send(&driver, "g/NDATA/good", seq: 1, [("Temp", 30)], at: 3)
        let index = try #require(driver.core.fleet.device(named: "g/good"))
        #expect(driver.core.fleet.value(index, 0).known == 30)
    }

    @Test func allNodesTogetherHaveABoundedNumberOfMetricsAndEachItsShare() throws {
        var driver = try driver()
        for node in 0..<10 { try birth(&driver, "bad\(node)", metrics: 900, at: 1) }
        #expect(driver.core.sparkplug.metricCount <= 1000 + 10 * driver.core.sparkplug.shareOfMetrics)
        #expect(driver.core.counters.fieldProblems > 5000)
        try birth(&driver, "good", metrics: 40, at: 2)
        #expect(driver.core.sparkplug.hosts.last?.metrics.count == 40)
        // What a node had is free when it is born again with less.
        for node in 0..<10 { try birth(&driver, "bad\(node)", metrics: 2, at: 3) }
        #expect(driver.core.sparkplug.metricCount == 60)
    }

    @Test func inventedNodesGiveWay() throws {
        var driver = try driver()
        try birth(&driver, "good", at: 1)
        for second in 2..<5 { try send(&driver, "g/NDATA/good", seq: UInt64(second - 1), [("Temp", 1)], at: Double(second)) }
        for node in 0..<19 { try birth(&driver, "bad\(node)", at: 5) }
        try birth(&driver, "early", at: 6)
        #expect(driver.core.fleet.device(named: "g/early") == nil)
        #expect(driver.effects.deadLetters.last?.reason.contains("limits.sparkplugNodes") == true)
        for node in 0..<19 { try birth(&driver, "late\(node)", at: 400) }
        #expect((0..<19).allSatisfy { driver.core.fleet.device(named: "g/late\($0)") != nil })
        #expect(driver.core.sparkplug.count == 20)
        #expect(driver.core.budgets[.nodesForgotten] == 19)
        try send(&driver, "g/NDATA/good", seq: 4, [("Temp", 77)], at: 401)
        let index = try #require(driver.core.fleet.device(named: "g/good"))
        #expect(driver.core.fleet.value(index, 0).known == 77)
    }
}
