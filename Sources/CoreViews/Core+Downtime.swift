import GatewayCore
import ServiceValue

/// What of the account of downtime is still open, and so in no entry of the ledger yet.
extension StewardCore {
    /// The state that stands and the incident that is open, of the device at a place; nil where there is none.
    public func openDowntime(at place: Int) -> (interval: StateInterval?, incident: DowntimeAccount.IncidentFact?)? {
        deviceID(at: place).flatMap { openDowntime(of: $0) }
    }

    /// The same, of the device of that id.
    public func openDowntime(of id: String) -> (interval: StateInterval?, incident: DowntimeAccount.IncidentFact?)? {
        guard let device = fleet.device(named: id) else { return nil }
        let newest = fleet.devices[device].newestMilliseconds
        let interval = availability.openInterval(of: device, named: id, upTo: newest)
        let incident = availability.state(of: device)?.incidents.open.map { DowntimeAccount.IncidentFact($0, upTo: newest) }
        return (interval, incident)
    }
}
