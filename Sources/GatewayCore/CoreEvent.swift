import FaultDetection
import RemoteSupport
import Replenishment
import ServiceValue
import Telemetry

/// What one desk tells the others. `StewardCore.drain` says who takes it; no desk calls another.
enum CoreEvent: Sendable {
    // From readings, codes, silence, detectors and orders to the alarms.

    /// A condition holds from now on. The time is event time, or arrival time where waiting decided.
    indirect case conditionBegan(DeviceIndex, AlarmCause, at: Int64)
    indirect case conditionEnded(DeviceIndex, condition: String, source: Alarm.Source, at: Int64, evidence: [Alarm.Evidence] = [])
    /// A condition that holds weighs more or less than before.
    case conditionWeighs(DeviceIndex, condition: String, Severity, at: Int64)

    // From the alarms.

    /// An alarm was raised; incidents name what happened in them.
    case alarmRaised(DeviceIndex, kind: String)
    /// An alarm asks for a playbook, or for a person where it has none.
    case helpWanted(DeviceIndex, alarm: String, because: HelpReason)
    /// The condition of an alarm does not hold any more, which verifies what was tried for it.
    case alarmEnded(DeviceIndex, alarm: String, at: Int64)
    /// Alarms of the device came or went: others may have their cause in them.
    case alarmsChanged(DeviceIndex)

    // To remote support.

    /// An alarm needs a person. Without a text the ticket has that of the alarm.
    indirect case personWanted(DeviceIndex, alarm: String, text: String? = nil, reason: String, isHeldBack: Bool = false)
    indirect case ticketWanted(DeviceIndex, Ticket)
    /// The same for one that has to go there anyway; the visit after it comes about so much later.
    indirect case visitWanted(DeviceIndex, Ticket, visitMilliseconds: Int64)
    /// A visit that can be planned ahead: what is to be done there will be due.
    indirect case visitPlanned(DeviceIndex, Ticket)
    /// Words for the open ticket about a subject.
    case ticketNote(subject: String, String)
    /// What a ticket was about, an alarm or an order, is over.
    case subjectMended(String)
    /// A command for a Sparkplug node, which only its session can write.
    indirect case sparkplugCommandWanted(DeviceIndex, run: String, SupportDesk.Command)
    /// A playbook was begun, or a ticket is wanted, for an alarm of the device.
    case helpBegan(DeviceIndex)

    // To the downtime of devices.

    case equipmentState(DeviceIndex, EquipmentState, at: Int64)
    /// Nothing is heard of the device any more; it was heard last at that event time.
    case fellSilent(DeviceIndex, lastMilliseconds: Int64)
    /// Maintenance windows opened or closed.
    case windowsChanged

    // From wear to the planning of visits.

    /// The time of day has come at which wear of the device is looked at; event time.
    case wearDue(DeviceIndex, at: Int64)

    // Between supplies and orders.

    /// A supply was looked at; the level is known and the present moment is that of the reading.
    case supplyEvaluated(DeviceIndex, supply: SupplyIndex, at: Int64)
    indirect case orderNeeded(DeviceIndex, supply: SupplyIndex, SupplyOrder, OrderDesk.SendWindow?, at: Int64)
    indirect case cartridgeReplaced(DeviceIndex, OrderDesk.Replacement, at: Int64)
    /// A supply was topped up by less than a cartridge holds.
    case supplyRefilled(DeviceIndex, supply: SupplyIndex, residualPercent: Double, at: Int64)
    /// The cartridge before is in the slot again.
    case cartridgePutBack(DeviceIndex, supply: SupplyIndex)
    /// The present order of a supply; nil: none.
    case orderOfSupply(DeviceIndex, supply: SupplyIndex, order: String?)
    /// A level that was in doubt was false, and this was the order of the supply. Since then, in event time, it was told.
    case levelRefuted(DeviceIndex, supply: SupplyIndex, order: String, sinceMilliseconds: Int64)
    /// A level is in doubt, and no report has proven or refuted it for long.
    case levelUnproven(DeviceIndex, supply: SupplyIndex)
    /// The order of a supply went out after it had waited for company.
    case orderWaited(DeviceIndex, order: String, milliseconds: Int64)
    /// The stock of an item is at its reorder point; the device whose need or installation brought it there.
    case stockShort(item: String, DeviceIndex?)
    /// An order was delivered.
    case orderDelivered(DeviceIndex, order: String)
    /// An order for a cartridge of this generation came to nothing.
    case orderEnded(DeviceIndex, order: String, generation: Int32)

    /// Why help is asked for.
    enum HelpReason: Sendable {
        case raised
        /// The alarm weighs more than before; what was begun for it goes on.
        case severity
        /// What held it back is over.
        case released
        /// Evidence of the past raised it, and the present confirms it.
        case confirmed
    }
}
