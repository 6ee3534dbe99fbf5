import Gateway
import TerminalProgram

/// Cells that several tables share: how words are coloured, and how times and supplies are shown.
extension Table.Cell {
    static func severity(_ text: String?) -> Table.Cell {
        let colour: Terminal.Colour? =
            switch text {
            case "critical": .boldRed
            case "major": .red
            case "minor": .yellow
            case "warning": .cyan
            default: nil
            }
        return Table.Cell(text, colour)
    }

    /// Any word for a state: of a device, an alarm, an order, a command or a ticket.
    static func state(_ text: String?) -> Table.Cell {
        let colour: Terminal.Colour? =
            switch text {
            case "unacknowledged", "error", "down", "failed", "refused", "refused-late", "unanswered", "undeliverable", "not-sent",
                "unverified",
                "open":
                .red
            case "acknowledged", "shelved", "suppressed", "returned-unacknowledged", "awaiting-approval", "planned", "planned down", "sent",
                "answered", "answered-late":
                .yellow
            case "returned-to-normal", "idle", "printing", "productive", "verified", "delivered", "installed", "recovered", "closed",
                "accepted", "shipped":
                .green
            case "silent", "offline", "unknown", "standby", "cancelled", "overtaken": .dim
            default: nil
            }
        return Table.Cell(text, colour)
    }

    static func time(_ value: APIValue) -> Table.Cell { Table.Cell(value.integer.map(HumanText.time), .dim) }

    static func age(_ value: APIValue, _ terminal: Terminal) -> Table.Cell {
        Table.Cell(value.integer.map { HumanText.age($0, nowMilliseconds: terminal.nowMilliseconds) })
    }

    /// `███░░░░░  34 %`
    static func level(_ percent: Double?) -> Table.Cell {
        guard let percent else { return Table.Cell("unknown", .dim) }
        let colour: Terminal.Colour = percent <= 10 ? .red : percent <= 25 ? .yellow : .green
        let number = HumanText.number(percent, decimals: 0)
        return Table.Cell("\(bar(percent)) \(String(repeating: " ", count: max(0, 3 - number.count)))\(number) %", colour)
    }

    /// Eight columns; a level above 0 shows at least one of them filled.
    static func bar(_ percent: Double) -> String {
        let filled = percent <= 0 ? 0 : min(8, max(1, Int((min(percent, 100) / 12.5).rounded())))
        return String(repeating: "█", count: filled) + String(repeating: "░", count: 8 - filled)
    }

    /// Days left of a supply or an order, or why nobody can say.
    static func daysLeft(_ supply: APIValue) -> Table.Cell {
        if let reason = supply["missingEvidence"].string { return Table.Cell(HumanText.missingEvidence(reason), .dim) }
        let quantiles = supply["daysLeft"].items.compactMap(\.number)
        let colour: Terminal.Colour? = quantiles.first.map { $0 < 2 ? .red : $0 < 7 ? .yellow : .green }
        return Table.Cell(HumanText.daysLeft(quantiles), colour)
    }
}
