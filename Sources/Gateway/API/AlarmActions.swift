import GatewayCore
import HTTPService
import Telemetry

/// What people do about alarms, and the answers to why.
extension GatewayAPI {
    private func alarm(_ request: HTTPRequest, _ read: @escaping (String) -> HTTPResponse) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        switch exists({ $0.hasAlarm(id) }) {
        case nil: return Self.unavailable
        case false?: return Self.unknown("alarm", id)
        case true?: return read(id)
        }
    }

    /// Body `{"by","forSeconds","reason"}`: the alarm's condition is put aside, at most for 30 days.
    func shelveAlarm(_ request: HTTPRequest) -> HTTPResponse {
        alarm(request) { [self] id in
            body(request) { reader in
                let person = reader.requiredString("by", "who shelves it")
                let reason = reader.requiredString("reason", "why")
                let seconds =
                    reader.required("forSeconds", "for how long, in seconds") == nil ? nil : reader.integer("forSeconds", in: 1...2_592_000)
                guard let person, let reason, let seconds else { return nil }
                return .shelve(
                    alarm: id, by: person.bounded, untilMilliseconds: Clock.wallMilliseconds() + Int64(seconds) * 1000,
                    reason: reason.bounded)
            }
        }
    }

    func unshelveAlarm(_ request: HTTPRequest) -> HTTPResponse {
        alarm(request) { [self] id in
            body(request) { reader in
                reader.requiredString("by", "who takes it from the shelf").map { .unshelve(alarm: id, by: $0.bounded) }
            }
        }
    }

    /// Ends a latched alarm. One whose condition holds, or that is over, is no matter for a reset.
    func resetAlarm(_ request: HTTPRequest) -> HTTPResponse {
        alarm(request) { [self] id in
            guard exists({ $0.canReset(id) }) == true else {
                return .problem(
                    status: 409, title: "Nothing to reset",
                    detail: "An alarm can be reset when it is latched and its condition does not hold any more.")
            }
            return body(request) { reader in reader.requiredString("by", "who resets it").map { .reset(alarm: id, by: $0.bounded) } }
        }
    }

    func explain(_ request: HTTPRequest) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        let condition = request.queryValue("condition")
        let now = Clock.wallMilliseconds()
        let answer = core.ask { core -> (isKnown: Bool, bytes: [UInt8]?) in
            var writer = JSONWriter()
            let isTold = core.writeExplanation(id, condition: condition, atMilliseconds: now, &writer)
            return (core.hasDevice(id), isTold ? writer.bytes : nil)
        }
        guard let answer else { return Self.unavailable }
        if let bytes = answer.bytes { return .json(bytes) }
        return answer.isKnown ? Self.unknown("condition of \(id.prefix(128))", condition ?? "") : Self.unknown("device", id)
    }

    /// Answers `{"recorded":true,"window":id}`. The id follows from what the window says, so the same one is there once.
    func addMaintenance(_ request: HTTPRequest) -> HTTPResponse {
        let report = DocumentReport(file: "body")
        var window: MaintenanceWindow?
        do {
            let reader = ObjectReader(try DocumentParser.parse(request.body, file: "body"), "the body", report)
            let person = reader.requiredString("by", "who says so")
            window = MaintenanceReader.window(reader, by: person?.bounded ?? "")
            reader.finish()
            try report.throwIfAny()
        } catch {
            return .problem(status: 400, title: "The body cannot be taken", detail: "\(error)")
        }
        guard let window else { return .problem(status: 400, title: "Incomplete body", detail: "A member is missing.") }
        if case .once(_, let until) = window.schedule, until <= Clock.wallMilliseconds() {
            return .problem(status: 400, title: "The window is over", detail: "\"until\" lies in the past.")
        }
        if exists({ !$0.canTakeWindow(window.id) }) == true {
            return .problem(
                status: 409, title: "No more windows", detail: "The configuration names this window, or there are too many already.")
        }
        return commit(.addMaintenance(window), for: request) { $0.member("window", window.id) }
    }

    func endMaintenance(_ request: HTTPRequest) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        switch exists({ $0.hasWindow(id) }) {
        case nil: return Self.unavailable
        case false?: return Self.unknown("maintenance window", id)
        case true?:
            return body(request) { reader in reader.requiredString("by", "who ends it").map { .endMaintenance(window: id, by: $0.bounded) }
            }
        }
    }
}
