import FaultDetection
import RemoteSupport
import Telemetry

/// Answers to commands, on their way from a message to the run that waits for them.
extension StewardCore {
    /// A topic of answers is always read. One that carries telemetry as well is searched only where a command was sent.
    @inline(__always)
    func mayBeAnswer(_ route: TopicTable.Route) -> Bool { route.message < 0 || support.mayAnswer(route.device) }

    mutating func reply(_ route: TopicTable.Route, _ frame: Segment.Frame) throws(DecodeError) {
        let rule = fleet.profiles[route.profile].layout.profile.replies[Int(route.reply)]
        let topicID = rule.hasTopicOfItsOwn ? rule.topic.captured(frame.topic).first { $0.name == "requestId" }?.value : nil
        let reply =
            route.message >= 0 ? decoder.reply(rule, topicID: topicID) : try decoder.readReply(frame.payload, rule, topicID: topicID)
        guard let reply else { return }
        defer { drain() }
        guard let device = answerer(route, rule) else { return unknown(reply, route, frame) }
        guard let run = support.run(of: device, thatRequested: reply.requestID) else { return unknown(reply, route, frame) }
        if run.isAwaitingReply(to: reply.requestID) {
            support.answered(device, run.id, reply, fleet, &out)
        } else if !frame.isRetained {
            support.answeredLate(device, run, reply, isStanding: alarms[run.alarm].map { $0.isActive } ?? false, fleet, &out)
        }
    }

    /// The device that answers: that of the topic, or the one that the answer names.
    private func answerer(_ route: TopicTable.Route, _ rule: ReplyRule) -> DeviceIndex? {
        guard let name = decoder.device(of: rule) else { return route.device.isNone ? nil : route.device }
        guard let device = fleet.device(named: name), fleet.base(of: device) == fleet.profiles[route.profile].base else { return nil }
        return device
    }

    /// Where telemetry shares the topic, most messages are no answers, whatever stands in the member of the request.
    private mutating func unknown(_ reply: CommandReply, _ route: TopicTable.Route, _ frame: Segment.Frame) {
        if route.message < 0, !frame.isRetained { out.budgets.count(.unknownReplies) }
    }
}
