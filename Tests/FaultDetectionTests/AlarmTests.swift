import Telemetry
import Testing

@testable import FaultDetection

@Suite struct AlarmTests {
    private func alarm() -> Alarm {
        Alarm(
            device: "d", condition: "hot", source: .condition, severity: .major, text: "Hot", onsetMilliseconds: 5, isLate: false,
            raisedBy: [])
    }

    /// ISA-18.2: acknowledging and returning to normal may come in either order; both are needed for the end.
    @Test(arguments: [
        ("", Alarm.State.unacknowledged), ("a", .acknowledged), ("c", .returnedUnacknowledged), ("ac", .returnedToNormal),
        ("ca", .returnedToNormal), ("aa", .acknowledged), ("cc", .returnedUnacknowledged), ("acac", .returnedToNormal),
    ]) func life(_ steps: String, _ expected: Alarm.State) {
        var alarm = alarm()
        for step in steps {
            if step == "a" { _ = alarm.acknowledge(by: "anna") } else { alarm.clear(atMilliseconds: 9, by: []) }
        }
        #expect(alarm.state == expected)
        #expect(alarm.isActive == !steps.contains("c"))
        #expect((alarm.clearedMilliseconds == 9) == steps.contains("c"))
    }

    @Test func onlyTheFirstAcknowledgementCounts() {
        var alarm = alarm()
        let answers = ["anna", "bob"].map { alarm.acknowledge(by: $0) }
        #expect(answers == [true, false])
        #expect(alarm.acknowledgedBy == "anna")
    }

    @Test func theIDComesFromDeviceConditionAndOnset() {
        #expect(alarm().id == alarm().id)
        let others = [("e", "hot", 5), ("d", "cold", 5), ("d", "hot", 6), ("dh", "ot", 5)].map { device, condition, onset in
            Alarm(
                device: device, condition: condition, source: .silence, severity: .minor, text: "", onsetMilliseconds: Int64(onset),
                isLate: true,
                raisedBy: []
            ).id
        }
        #expect(Set(others + [alarm().id]).count == 5)
    }
}
