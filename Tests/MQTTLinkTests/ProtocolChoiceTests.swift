import Testing

@testable import MQTTLink

@Suite struct ProtocolChoiceTests {
    @Test func versionFiveUntilTheBrokerDoesNotKnowIt() {
        var choice = ProtocolChoice(.automatic)
        #expect(choice.isVersion5)
        #expect(choice.refused() && !choice.isVersion5)
        choice.accepted()
        // The same broker goes away and comes again: what it accepted stays.
        for _ in 0..<5 { choice.endedWithoutAnswer() }
        #expect(!choice.isVersion5 && !choice.refused())
    }

    /// A broker that closes the connection and says nothing is asked in turns.
    @Test func aBrokerThatOnlyClosesIsAskedInTurns() {
        var choice = ProtocolChoice(.automatic)
        var asked: [Bool] = []
        for _ in 0..<8 {
            asked.append(choice.isVersion5)
            choice.endedWithoutAnswer()
        }
        #expect(asked == [true, true, false, false, true, true, false, false])
        choice.accepted()
        choice.endedWithoutAnswer()
        choice.endedWithoutAnswer()
        #expect(choice.isVersion5, "one that has accepted the version is only away")
        // Another broker in its place says that it knows 3.1.1 only.
        #expect(choice.refused() && !choice.isVersion5)
    }

    @Test(arguments: [MQTTConfiguration.Version.v311, .v5]) func whatIsConfiguredStays(_ version: MQTTConfiguration.Version) {
        var choice = ProtocolChoice(version)
        for _ in 0..<5 { choice.endedWithoutAnswer() }
        #expect(!choice.refused() && choice.isVersion5 == (version == .v5))
    }
}
