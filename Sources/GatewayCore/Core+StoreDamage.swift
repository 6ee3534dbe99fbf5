import Documents
import FaultDetection
import RemoteSupport
import Replenishment

/// Damage of the store: the state may lack what was decided, so nothing is repeated without a question.
extension StewardCore {
    /// Damage that nobody has seen.
    public var unseenStoreDamage: Int { storeDamage.unseen }

    /// Nothing leaves the outbox that was put there before this; nil when nothing is held back.
    public var heldBackSince: Int64? { storeDamage.holdingBack?.foundMilliseconds }

    public func hasStoreDamage(_ id: String) -> Bool { storeDamage.contains(id) }

    mutating func damaged(_ damage: StoreDamage, _ effects: inout [Effect]) {
        guard storeDamage.note(damage) else { return }
        effects.decide(.storeDamaged, at: now, device: "") { $0.members(of: damage) }
        guard damage.concernsDecisions else { return }
        let reason = Self.reasonToAsk(damage)
        // What is on its way to the outbox may have gone already, alone or with others.
        for id in orders.ids {
            guard let order = orders[id], order.state == .planned, !order.terms.isHandedOver, !order.terms.isDryRun else { continue }
            _ = orders.update(id) { $0.terms.approvalReason = reason }
            moved(id, to: .awaitingApproval, reference: nil, detail: reason, at: now, &effects)
        }
        // The next command of a playbook may have been sent, and answered.
        for id in openRuns {
            guard let run = runs[id], let device = fleet.device(named: run.device) else { continue }
            let action = runs.update(id) { $0.interrupt(reason: reason) } ?? nil
            follow(device, id, action, &effects)
        }
    }

    mutating func sawDamage(_ id: String, _ person: String, _ effects: inout [Effect]) {
        guard storeDamage.see(id, by: person, atMilliseconds: now) else {
            counters.refusedControls &+= 1
            return
        }
        effects.decide(.storeDamageSeen, at: now, device: "") { writer in
            writer.member("damage", id)
            writer.member("by", person)
        }
        // Alarms whose playbooks waited, and still stand, set them off now.
        mustRelease = true
        settleInhibitions(&effects)
    }

    /// Why an order or a command has to be asked for; nil: it has not.
    var reasonToAskAboutDamage: String? { storeDamage.holdingBack.map(Self.reasonToAsk) }

    private static func reasonToAsk(_ damage: StoreDamage) -> String {
        "it may have been done already: \(damage.text)"
    }

    /// `{"damage":[…]}`, the newest first.
    public func writeStoreDamage(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("damage")
        writer.beginArray()
        for entry in storeDamage.entries.reversed() {
            writer.beginObject()
            writer.members(of: entry.damage)
            writer.member("seen", entry.seenBy != nil)
            writer.member("seenBy", entry.seenBy)
            if let time = entry.seenMilliseconds { writer.member("seenAt", time) }
            writer.endObject()
        }
        writer.endArray()
        writer.member("dropped", storeDamage.dropped)
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func members(of damage: StoreDamage) {
        member("damage", damage.id)
        member("text", damage.text)
        member("found", damage.foundMilliseconds)
        if let first = damage.firstEvent { member("firstEvent", first) }
        if let last = damage.lastEvent { member("lastEvent", last) }
        if let after = damage.afterMilliseconds { member("after", after) }
        if let before = damage.beforeMilliseconds { member("before", before) }
        member("holdsBack", damage.concernsDecisions)
    }
}
