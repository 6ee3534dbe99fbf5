import Documents
import FaultDetection
import GatewayCore
import Telemetry

/// In how many days a condition will be met, in figures and in words.
extension StewardCore {
    /// The member `remainingLife` of a device: a list, left out where its profile asks for nothing.
    func writeRemainingLives(of device: DeviceIndex, _ writer: inout JSONWriter) {
        let lives = remainingLives(of: device)
        guard !lives.isEmpty else { return }
        writer.key("remainingLife")
        writer.beginArray()
        for (watch, fault, life) in lives {
            writer.beginObject()
            writer.member("condition", fault.id)
            writer.member("text", fault.text)
            write(life, watch, &writer)
            writer.member("ticket", ticketOfVisit(device, watch))
            writer.endObject()
        }
        writer.endArray()
    }

    /// The same of one fault, as a member of its explanation.
    func writeRemainingLife(of fault: Int, _ device: DeviceIndex, _ writer: inout JSONWriter) {
        guard let (watch, life) = remainingLife(of: device, fault: fault) else { return }
        writer.key("remainingLife")
        writer.beginObject()
        write(life, watch, &writer)
        writer.member("ticket", ticketOfVisit(device, watch))
        writer.endObject()
    }

    private func write(_ life: RemainingLife, _ watch: WearWatch, _ writer: inout JSONWriter) {
        writer.member("metric", watch.bound.metric)
        writer.member("bound", watch.bound.bound)
        writer.member("load", watch.rule.loadCounter)
        writer.member("part", watch.rule.part.isEmpty ? nil : watch.rule.part)
        writer.key("days")
        switch life {
        case .expected(let earliest, let likely, let latest):
            writer.beginObject()
            writer.member("earliest", Self.tenths(earliest))
            writer.member("likely", Self.tenths(likely))
            writer.member("latest", Self.tenths(latest))
            writer.endObject()
            writer.member("why", "\(Self.span(earliest, latest)) by how \(watch.bound.metric) has moved\(Self.by(watch))")
        case .unknown(let reason):
            writer.null()
            writer.member("missingEvidence", reason.rawValue)
            writer.member("why", Self.words(reason, watch))
        }
    }

    private static func tenths(_ days: Double) -> Double { (days * 10).rounded() / 10 }

    private static func by(_ watch: WearWatch) -> String { watch.rule.loadCounter.map { " with \($0)" } ?? "" }

    private static func words(_ reason: RemainingLife.Reason, _ watch: WearWatch) -> String {
        let metric = watch.bound.metric
        return switch reason {
        case .tooShort: "not enough evidence: \(metric) was told on fewer than \(RemainingLife.minimumDays) whole days\(by(watch))"
        case .noDrift: "not enough evidence: \(metric) moves no more than its days differ anyway\(by(watch))"
        case .movesAway: "\(metric) moves away from the bound"
        case .tooFar: "\(metric) moves towards the bound, and reaches it later than can be foretold yet"
        case .tooUncertain: "not enough evidence: \(metric) moves towards the bound, too unsteadily to say when it reaches it"
        case .alreadyMet: "the condition holds now"
        }
    }
}
