import Documents
import Testing

@testable import SimulatedFleet

/// What a scenario file and the command line may say.
@Suite struct ChaosScenarioTests {
    @Test func aFileChangesWhatItNames() throws {
        var scenario = ChaosScenario()
        try scenario.read(Array(#"{ seed: 9, days: 30, rates: { "clock-off": 1, "gateway-outage": 50 } }"#.utf8), file: "s.json")
        #expect(scenario.seed == 9 && scenario.days == 30 && scenario.devices == 60)
        #expect(scenario.rates[.clockOff] == 1 && scenario.rates[.gatewayOutage] == 50)
        #expect(scenario.rates[.brokerOutage] == ChaosKind.brokerOutage.defaultRate)
    }

    @Test(arguments: [
        #"{ days: 0 }"#, #"{ devices: 100000 }"#, #"{ rates: { "clock-of": 1 } }"#, #"{ rates: { "clock-off": 1.5 } }"#,
        #"{ rates: { "gateway-outage": -1 } }"#, #"{ day: 3 }"#, #"{ rates: 3 }"#, #"{"#,
    ])
    func aMistakeInAFileIsTold(text: String) {
        var scenario = ChaosScenario()
        #expect(throws: DocumentProblems.self) { try scenario.read(Array(text.utf8), file: "s.json") }
    }

    @Test func aRateOfTheCommandLine() throws {
        var scenario = ChaosScenario()
        try scenario.set("clock-off=0.25")
        #expect(scenario.rates[.clockOff] == 0.25)
        for wrong in ["clock-off", "clock-off=", "clock-off=2", "clock-off=nan", "clocks=1", ""] {
            #expect(throws: FleetError.self) { try scenario.set(wrong) }
        }
    }

    /// The clean world has the truth and nothing else.
    @Test func theCleanWorldKeepsTheTruth() {
        let clean = ChaosRates().clean
        for kind in ChaosKind.allCases { #expect(clean[kind] == (kind.isTruth ? kind.defaultRate : 0)) }
        let some = ChaosRates().only([.clockOff])
        #expect(some[.clockOff] == ChaosKind.clockOff.defaultRate && some[.clockFrozen] == 0)
        var rates = ChaosRates()
        rates[.clockOff] = .nan
        rates[.gatewayOutage] = 1e9
        #expect(rates[.clockOff] == 0 && rates[.gatewayOutage] == ChaosKind.maximumPerYear)
    }
}
