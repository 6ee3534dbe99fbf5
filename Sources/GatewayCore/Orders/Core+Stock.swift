import Replenishment
import Telemetry

extension StewardCore {
    /// Orders what the stock lacks, for a device that uses it: whoever deals with the order has a place to ask about.
    mutating func replenish(_ item: String, _ device: DeviceIndex?) {
        guard let rule = configuration.replenishment.stockRules[item] else { return }
        let devices = (device.map { [$0] } ?? []) + fleet.presentDevices
        for device in devices {
            let all = supplies.supplies(of: device).indices.map { SupplyIndex($0) }
            guard let supply = all.first(where: { fleet.supplyRule(device, $0).isOrdered && supplies.item(device, $0, fleet) == item })
            else { continue }
            for _ in 0..<orders.unitsToOrder(item) {
                orders.placeForStock(
                    item, rule, device: fleet.records[device].id, supply: fleet.supplySlot(device, supply).name,
                    profile: fleet.rules(of: device).name,
                    storeDamage: reasonToAskAboutDamage, fleet, &out)
            }
            return
        }
    }
}
