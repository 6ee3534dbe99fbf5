import ConsumableForecast
import Replenishment
import Telemetry

/// How long an order may wait for company: as long as sending it then keeps the risk at what the service level allows.
extension StewardCore {
    /// The end of that wait in arrival time, at most `window` from now; nil without a forecast, which allows none.
    ///
    /// The reorder rule takes a higher risk for supplies where bringing it down is dear; who would only save a parcel may not.
    private func latestSendMilliseconds(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int, at time: Int64, within window: Int64)
        -> Int64?
    {
        let rule = fleet.profiles[profile].layout.profile.supplies[fleet.profiles[profile].layout.supplies[supply].rule]
        let model = fleet.records[device].supplies[supply].model
        guard
            case .success(let end) = model.endDistribution(
                atMilliseconds: time, fleet: fleet.profiles[fleet.profiles[profile].base].learned.priors)
        else {
            return nil
        }
        let wait = leadTime(device, profile, supply).safeWaitMilliseconds(
            from: time, within: window, allowedRisk: 1 - reorderRule(rule).serviceLevel,
            calendar: supplierCalendar(device, profile, supply)
        ) { end.probability(within: $0) }
        let (latest, overflow) = now.addingReportingOverflow(wait)
        return overflow ? nil : latest
    }

    /// At the moment of decision. An order by hand waits for nobody: a person wants it now.
    func latestSendMilliseconds(_ order: SupplyOrder, device: DeviceIndex, supply: Int, at time: Int64) -> Int64? {
        guard order.terms.requestedBy == OrderTerms.automatic, !order.terms.isDryRun, let name = order.terms.supplier,
            let window = configuration.replenishment.supplier(named: name)?.consolidationMilliseconds, window > 0
        else { return nil }
        return latestSendMilliseconds(device, fleet.devices[device].profile, supply, at: time, within: window)
    }

    /// News of a supply whose order waits, for company or for a person: the wait may become shorter, or be over. It never becomes longer, so
    /// that what was promised at the decision holds.
    mutating func reconsiderWait(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int, _ time: Int64, _ effects: inout [Effect]) {
        guard let id = fleet.records[device].supplies[supply].order, let order = orders[id], order.state.isOurs, !order.terms.isHandedOver,
            let promised = order.terms.latestSendMilliseconds, promised > now,
            let latest = latestSendMilliseconds(device, profile, supply, at: time, within: promised - now), latest < promised
        else { return }
        _ = orders.update(id) { order in
            order.terms.latestSendMilliseconds = latest
            if let hold = order.terms.holdUntilMilliseconds { order.terms.holdUntilMilliseconds = min(hold, latest) }
        }
        guard orders[id]?.isHeld == true else { return }
        if latest <= now { release(id, &effects) } else { scheduleOrder(id) }
    }

    /// What waited for company was ordered when it went, and its life is to be judged by that.
    mutating func countWait(of order: SupplyOrder) {
        guard order.terms.holdUntilMilliseconds != nil, let index = fleet.device(named: order.device) else { return }
        let device = index
        guard let supply = fleet.records[device].supplies.firstIndex(where: { $0.order == order.id }),
            let decided = fleet.records[device].supplies[supply].orderedMilliseconds
        else { return }
        fleet.records[device].supplies[supply].orderedMilliseconds = decided &+ max(now &- order.life.sinceMilliseconds, 0)
    }
}
