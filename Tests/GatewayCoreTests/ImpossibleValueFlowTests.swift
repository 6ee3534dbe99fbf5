import CoreViews
import SampleCodec
import Testing

@testable import GatewayCore

/// A value that cannot be moves no condition, leaves no sample and is counted.
@Suite struct ImpossibleValueFlowTests {
    @Test func itMovesNoConditionAndLeavesNoSample() throws {
        var driver = try Driver([
            Press.text(metrics: "temp: { pointer: \"/temp\", unit: \"Cel\", unknown: [2000], minimum: -273, maximum: 500 },")
        ])
        for second in 0..<10 { driver.tell("p1", "\"temp\":21", at: Double(second)) }
        for second in 10..<100 { driver.tell("p1", "\"temp\":\(second % 2 == 0 ? "2000" : "-273.1")", at: Double(second)) }
        #expect(driver.core.counters.alarmsRaised == 0)
        #expect(try driver.values("p1")["temp"] == "unknown")
        #expect(driver.effects.deadLetters.isEmpty)
        #expect(driver.core.budgets[.impossibleValues] == 90)
        #expect(try #require(driver.core.openSamples(device: "p1", metric: "temp")).samples.count == 10)
        // A hot press is found as ever.
        for second in 100..<140 { driver.tell("p1", "\"temp\":90", at: Double(second)) }
        #expect(driver.core.counters.alarmsRaised == 1)
    }
}
