/// What goes wrong in a simulated year. Each kind has a rate, which a scenario can change, and is counted in the report.
public enum ChaosKind: String, Sendable, CaseIterable {
    // What happens to cartridges and devices: the truth, which the clean world shares.
    case cartridgeRefurbished = "cartridge-refurbished"
    case cartridgeSwappedEarly = "cartridge-swapped-early"
    case cartridgeTakenOut = "cartridge-taken-out"
    case cartridgesExchanged = "cartridges-exchanged"
    case levelToldByAlertOnly = "level-told-by-alert-only"
    case printerReplaced = "printer-replaced"
    case fault = "fault"

    // Clocks.
    case clockOff = "clock-off"
    case clockLocalTimeAsUTC = "clock-local-time-as-utc"
    case clockMissing = "clock-missing"
    case clockStepped = "clock-stepped"
    case clockBatteryFlat = "clock-battery-flat"
    case clockFrozen = "clock-frozen"
    case gatewayClockStepped = "gateway-clock-stepped"

    // Outages and messages.
    case gatewayOutage = "gateway-outage"
    case brokerOutage = "broker-outage"
    case brokerSessionLost = "broker-session-lost"
    case deviceOutage = "device-outage"
    case deviceWithoutQueue = "device-without-queue"
    case messageRepeatedByDevice = "message-repeated-by-device"
    case messageLate = "message-late"

    // What devices tell of their cartridges.
    case levelFalseZero = "level-false-zero"
    case levelsZeroAfterPowerOn = "levels-zero-after-power-on"
    case levelUnknown = "level-unknown"
    case levelJitter = "level-jitter"
    case deviceRenamed = "device-renamed"

    // Suppliers.
    case supplierAnswerLost = "supplier-answer-lost"
    case supplierDownForHours = "supplier-down"
    case supplierRefusesRepeats = "supplier-refuses-repeats"
    case supplierFailsRepeats = "supplier-fails-repeats"
    case supplierReportsTwice = "supplier-reports-twice"
    case supplierReportsOutOfOrder = "supplier-reports-out-of-order"
    case supplierReportsLate = "supplier-reports-late"
    case supplierDeliversLate = "supplier-delivers-late"
    case supplierCancels = "supplier-cancels"
    case supplierSendsWrongItem = "supplier-sends-wrong-item"
    case supplierSendsPart = "supplier-sends-part"

    // Commands.
    case commandLost = "command-lost"
    case commandMeetsOutage = "command-meets-outage"
    case commandSessionWithoutExpiry = "command-session-without-expiry"
    case commandDeadlineIgnored = "command-deadline-ignored"
    case commandAnswerLost = "command-answer-lost"
    case commandAnsweredLate = "command-answered-late"
    case commandAnsweredTwice = "command-answered-twice"

    /// What a rate counts.
    public enum Measure: String, Sendable {
        /// Of the devices, messages, orders, answers or cartridges: 0 to 1.
        case share
        /// Times in a year, of one device or of the one gateway, broker or supplier.
        case perYear = "per year"
    }

    var facts: (measure: Measure, rate: Double, help: String) {
        switch self {
        case .cartridgeRefurbished: (.share, 0.06, "new cartridges that are refurbished: 70 to 95 % full, without a name and a number")
        case .cartridgeSwappedEarly: (.share, 0.08, "cartridges that people take out at 15 to 50 %")
        case .cartridgeTakenOut: (.perYear, 6, "cartridges taken out for minutes, and put back")
        case .cartridgesExchanged: (.perYear, 1.5, "two cartridges of one item that change places, where a device has two")
        case .levelToldByAlertOnly: (.share, 0.08, "office printers that never tell a number, and say \"low\" in an alert")
        case .printerReplaced: (.perYear, 0.05, "printers replaced by another under the same name, with other cartridges and counts")
        case .fault: (.perYear, 24, "faults of a device: jams, clogged heads, hot fusers")
        case .clockOff: (.share, 0.2, "devices whose clock is 1 to 30 minutes slow or fast")
        case .clockLocalTimeAsUTC: (.share, 0.08, "devices that tell local time as UTC, summer time included")
        case .clockMissing: (.share, 0.08, "devices that tell no time at all")
        case .clockStepped: (.perYear, 2, "clocks of devices that are wrong by up to a day for hours, and put right")
        case .clockBatteryFlat: (.perYear, 0.5, "clocks that are back in January 2023 for hours")
        case .clockFrozen: (.perYear, 0.5, "clocks that stand still for hours")
        case .gatewayClockStepped: (.perYear, 6, "steps of the gateway's own clock by up to an hour, which NTP takes back")
        case .gatewayOutage: (.perYear, 8, "ends of the gateway, for minutes to days")
        case .brokerOutage: (.perYear, 8, "ends of the broker, for minutes to hours")
        case .brokerSessionLost: (.share, 0.2, "returns after which the broker has lost the session, and sends what is retained")
        case .deviceOutage: (.perYear, 10, "devices switched off or away from the network, for minutes to days")
        case .deviceWithoutQueue: (.share, 0.4, "devices that drop what they cannot send; the others send it late, in a burst")
        case .messageRepeatedByDevice: (.share, 0.002, "messages that are published twice")
        case .messageLate: (.share, 0.002, "messages that come up to 15 minutes late, behind the next ones")
        case .levelFalseZero: (.perYear, 3, "single reports of 0 % for one cartridge")
        case .levelsZeroAfterPowerOn: (.share, 0.15, "returns of a device after which all levels are 0 for some reports")
        case .levelUnknown: (.perYear, 4, "spells of hours to days in which levels are unknown (-2, -3, null)")
        case .levelJitter: (.share, 0.2, "devices whose levels go up and down by 1 %")
        case .deviceRenamed: (.perYear, 0.05, "devices that go on under another id; the old one is removed by the operator")
        case .supplierAnswerLost: (.share, 0.05, "deliveries that the supplier takes, and whose answer is lost")
        case .supplierDownForHours: (.perYear, 6, "hours in which the supplier answers nothing")
        case .supplierRefusesRepeats: (.share, 0.3, "repeated deliveries that are answered 409, as already processed")
        case .supplierFailsRepeats:
            (.share, 0.1, "orders of which no report comes, and whose repeated deliveries are all answered 500, as processed already")
        case .supplierReportsTwice: (.share, 0.1, "reports that come twice")
        case .supplierReportsOutOfOrder: (.share, 0.1, "reports that come behind the next one")
        case .supplierReportsLate: (.share, 0.1, "reports that come up to 5 days late")
        case .supplierDeliversLate: (.share, 0.05, "deliveries that come 2 to 6 days late")
        case .supplierCancels: (.share, 0.02, "orders that the supplier cancels")
        case .supplierSendsWrongItem: (.share, 0.01, "deliveries of a wrong item")
        case .supplierSendsPart: (.share, 0.2, "shipments whose lines come one by one")
        case .commandLost: (.share, 0.03, "commands that the broker takes and loses")
        case .commandMeetsOutage: (.share, 0.08, "commands whose device is just away for an hour")
        case .commandSessionWithoutExpiry:
            (.share, 0.2, "devices with a persistent session of MQTT 3.1.1, which knows no message expiry")
        case .commandDeadlineIgnored:
            (.share, 0.4, "devices that do not look at the deadline in the payload; the others do, by their own clock")
        case .commandAnswerLost: (.share, 0.05, "answers of devices that are lost")
        case .commandAnsweredLate: (.share, 0.08, "answers that come up to an hour late")
        case .commandAnsweredTwice: (.share, 0.08, "answers that come twice")
        }
    }

    public var measure: Measure { facts.measure }
    public var defaultRate: Double { facts.rate }
    public var help: String { facts.help }

    /// It happens to the things themselves, and not to what is told of them: the clean world has it, too.
    public var isTruth: Bool {
        switch self {
        case .cartridgeRefurbished, .cartridgeSwappedEarly, .cartridgeTakenOut, .cartridgesExchanged, .levelToldByAlertOnly,
            .printerReplaced, .fault:
            true
        default: false
        }
    }

    public static let maximumPerYear = 10_000.0

    var highestRate: Double { measure == .share ? 1 : Self.maximumPerYear }
}
