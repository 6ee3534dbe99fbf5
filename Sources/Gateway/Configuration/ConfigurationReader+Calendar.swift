import CivilCalendar
import Documents
import GatewayCore
import Replenishment

/// How sure to be that a successor is there in time, and on which days suppliers work.
extension ConfigurationReader {
    static func ordering(_ reader: ObjectReader, _ configuration: inout GatewayConfiguration) {
        if let percent = reader.number("serviceLevelPercent") {
            if (50...99.9).contains(percent) {
                configuration.core.serviceLevel = percent / 100
            } else {
                reader.add("\"serviceLevelPercent\" must be from 50 to 99.9", at: "serviceLevelPercent")
            }
        }
        if let calendar = reader.object("calendar", "when the supplier works") {
            configuration.core.supplierCalendar = self.calendar(calendar)
        }
    }

    /// Also of a supplier's own `calendar`.
    static func calendar(_ reader: ObjectReader) -> SupplierCalendar {
        defer { reader.finish() }
        let days = MaintenanceReader.weekdays(reader, "workingDays")
        if reader.optional("workingDays")?.value == .array([]) {
            reader.add("\"workingDays\" names at least one day; a supplier that never works delivers nothing", at: "workingDays")
        }
        var holidays: Set<Int64> = []
        for text in reader.strings("holidays") ?? [] {
            if let day = holiday(text) {
                holidays.insert(day)
            } else {
                reader.add("\"holidays\" are days such as \"2026-12-25\", not \"\(text)\"", at: "holidays")
            }
        }
        if holidays.count > 1000 { reader.add("\"holidays\" are at most 1000 days", at: "holidays") }
        let cutoff = reader.number("cutoffHour") ?? 24
        if !(0...24).contains(cutoff) { reader.add("\"cutoffHour\" must be hours from 0 to 24", at: "cutoffHour") }
        let zone = MaintenanceReader.zone(reader).rules
        return SupplierCalendar(
            workingDays: days ?? SupplierCalendar.ordinaryWorkingDays, holidays: holidays, cutoffHour: cutoff, zone: zone)
    }

    /// Days since 1970-01-01 of `2026-12-25`; nil for a date that no calendar has.
    private static func holiday(_ text: String) -> Int64? {
        CivilDate(text).flatMap { $0.year >= 1970 ? Int64($0.daysSince1970) : nil }
    }
}
