import Documents
import FaultDetection
import RemoteSupport
import Telemetry

/// What devices answer to commands: in time, late, or to requests that nobody knows.
extension SupportDesk {
    /// A command was ever sent to the device, so it may answer. Without a device: to any.
    func mayAnswer(_ device: DeviceIndex) -> Bool {
        guard !device.isNone else { return !devices.isEmpty }
        guard let state = devices[device] else { return false }
        return !state.openRuns.isEmpty || !state.endedRuns.isEmpty
    }

    /// The run of the device that asked for this answer. Of the runs that ended only the last few are known.
    func run(of device: DeviceIndex, thatRequested request: String) -> PlaybookRun? {
        let state = state(of: device)
        for id in state.openRuns + state.endedRuns { if let run = runs[id], run.knows(request) { return run } }
        return nil
    }

    /// The device answered the command that its run waits for.
    mutating func answered(_ device: DeviceIndex, _ run: String, _ reply: CommandReply, _ fleet: FleetState, _ out: inout StepOutput) {
        let action = runs.update(run) { $0.replied(reply, fleet.rules(of: device), atMilliseconds: out.now) } ?? nil
        decide(reply.requestID, reply.succeeded ? .answered : .refused, detail: reply.reason, fleet.records[device].id, &out)
        follow(device, run, action, fleet, &out)
    }

    /// The device answered a command that nobody waits for any more. A second answer decides nothing.
    /// - Parameter isStanding: the alarm of the run stands, so that telemetry can still show whether the command helped.
    mutating func answeredLate(
        _ device: DeviceIndex, _ run: PlaybookRun, _ reply: CommandReply, isStanding: Bool, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        let name = fleet.records[device].id
        let mayReopen = isStanding && openRuns.count < maximumOpenRuns && !hasOpenRun(for: run.alarm, device)
        let change = runs.update(run.id) {
            $0.repliedLate(reply, fleet.rules(of: device), atMilliseconds: out.now, mayReopen: mayReopen)
        }
        guard let late = change ?? nil else { return }
        decide(reply.requestID, late.outcome, detail: reply.reason, name, &out)
        if let request = late.calledOff {
            out.effects.append(.withdraw(key: request))
            decide(request, .overtaken, detail: "the command before it was answered late", name, &out)
        }
        if !run.isOpen, runs[run.id]?.isOpen == true {
            // In the order in which the runs began, as after a restart.
            findOpenRuns()
            update(device) { state in
                state.endedRuns.removeAll { $0 == run.id }
                state.openRuns.append(run.id)
            }
        }
        if runs[run.id]?.isOpen == true { follow(device, run.id, nil, fleet, &out) }
    }

    private func decide(_ request: String, _ outcome: PlaybookRun.Outcome, detail: String?, _ device: String, _ out: inout StepOutput) {
        out.decide(.commandOutcome, at: out.now, device: device) { writer in
            writer.member("request", request)
            writer.member("outcome", outcome.rawValue)
            writer.member("detail", detail)
        }
    }
}
