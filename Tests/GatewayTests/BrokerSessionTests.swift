import MQTTLink
import Testing

@testable import Gateway

@Suite struct BrokerSessionTests {
    private let settings = MQTTConfiguration(host: "h", port: 1, clientID: "c")

    @Test func aKeptSessionCountsAsKeptOnlyWhereItIsTheOneBefore() {
        for (last, isKept, expected) in [
            (nil, true, true), ("c@h:1", true, true), ("other@h:1", true, false), ("c@h:2", true, false), ("c@h:1", false, false),
        ] as [(String?, Bool, Bool)] {
            var session = BrokerSession(settings, last: last)
            let isSame = session.connected(isKept: isKept, inSession: [], wanted: ["a"])
            #expect(isSame == expected, "\(last ?? "none") \(isKept)")
            // From then on it is the session before.
            let isSameAgain = session.connected(isKept: true, inSession: [], wanted: ["a"])
            #expect(isSameAgain)
        }
    }

    @Test func whatIsAboutToBeAskedForCountsAsHeld() {
        var session = BrokerSession(settings, last: nil)
        #expect(session.unsaved == nil)
        _ = session.connected(isKept: true, inSession: ["old", "a"], wanted: ["a", "b"])
        #expect(session.unsaved?.name == "c@h:1" && session.unsaved?.filters == ["a", "b", "old"])
        session.saved()
        #expect(session.unsaved == nil)
        session.note(inSession: ["a"], wanted: ["a"])
        #expect(session.unsaved?.filters == ["a"])
    }

    @Test func theReportNamesWhatIsMissing() {
        var report = SubscriptionReport(wanted: 2, granted: 2)
        #expect(report.problem == nil)
        report.granted = 1
        #expect(report.problem == "the broker has granted 1 of 2 topic filters so far")
        report.refused = [.init(filter: "a/#", reason: "why")]
        #expect(report.problem == "the broker refuses 1 of 2 topic filters, among them 'a/#': why")
    }
}
