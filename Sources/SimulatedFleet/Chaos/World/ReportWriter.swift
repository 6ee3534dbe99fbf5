import Documents

/// What a device says of itself at one moment, before it is written.
struct DeviceReport {
    enum Level: Equatable {
        case percent(Int)
        /// The prtMarkerSuppliesLevel of RFC 3805 for "unknown"; null in native telemetry.
        case unknown
        /// -3: some remains.
        case some
        /// Nothing lies in the slot.
        case missing
    }

    var time: Int64?
    var isPrinting: Bool
    var pageCount: Int64
    /// By slot.
    var levels: [Level]
    /// Slots of which an alert says that they are low.
    var lowSlots: [Int] = []
    var fault: TrueFault.Kind?

    func payload(of truth: DeviceTruth, at now: Int64) -> [UInt8] {
        switch truth.kind {
        case .native: native(truth)
        case .office: office(truth, at: now)
        }
    }

    private func native(_ truth: DeviceTruth) -> [UInt8] {
        JSONWriter.object { writer in
            if let time { writer.member("ts", time) }
            writer.member("status", fault != nil ? "error" : (isPrinting ? "printing" : "idle"))
            writer.member("pageCount", pageCount)
            writer.object("supplies") { writer in
                for (slot, level) in zip(truth.slots, levels) {
                    switch level {
                    case .percent(let percent): writer.member(slot.name, percent)
                    case .unknown, .some: writer.member(slot.name, -2)
                    case .missing:
                        writer.key(slot.name)
                        writer.null()
                    }
                }
            }
            let codes: [String] =
                switch fault {
                case .jam: ["jam"]
                case .headClogged: ["head-clogged"]
                case .fuserHot, nil: []
                }
            writer.strings("errors", codes)
            writer.member("fuserTemp", fault == .fuserHot ? 231.5 : (isPrinting ? 182.5 : 61))
        }
    }

    private func office(_ truth: DeviceTruth, at now: Int64) -> [UInt8] {
        JSONWriter.object { writer in
            if let time { writer.member("time", time / 1000) }
            writer.member("hrDeviceStatus", fault != nil ? 5 : 2)
            writer.member("hrPrinterStatus", fault != nil ? 1 : (isPrinting ? 4 : 3))
            // Bits of RFC 2790: low toner 0x20, no toner 0x10, jammed 0x04; the third bit of the second octet: a cartridge is missing.
            let isMissing = levels.contains(.missing)
            let first = (lowSlots.isEmpty ? 0 : 0x20) | (fault == .jam ? 0x04 : 0)
            writer.member("hrPrinterDetectedErrorState", Self.hex(first) + Self.hex(isMissing ? 0x20 : 0))
            writer.member("prtMarkerLifeCount", pageCount)
            writer.key("prtMarkerSupplies")
            writer.beginArray()
            for (index, slot) in truth.slots.enumerated() { row(index, slot, truth, at: now, &writer) }
            writer.endArray()
            writer.key("prtAlert")
            writer.beginArray()
            for slot in lowSlots { alert(code: 1104, group: 11, index: slot + 1, "Toner low", &writer) }
            for slot in levels.indices where levels[slot] == .missing { alert(code: 1115, group: 11, index: slot + 1, "Missing", &writer) }
            if fault == .jam { alert(code: 8, group: 13, index: 1, "Paper jam", &writer) }
            writer.endArray()
        }
    }

    private func row(_ index: Int, _ slot: DeviceTruth.Slot, _ truth: DeviceTruth, at now: Int64, _ writer: inout JSONWriter) {
        let cartridge = truth.cartridges[truth.cartridge(slot: index, at: now)]
        let isNamed = levels[index] != .missing && !cartridge.isRefurbished
        writer.beginObject()
        writer.member("prtMarkerSuppliesIndex", index + 1)
        writer.member("prtMarkerSuppliesClass", 3)
        writer.member("prtMarkerSuppliesType", 21)
        writer.member("prtMarkerSuppliesDescription", isNamed ? slot.item + " Toner" : "Toner")
        writer.member("prtMarkerSuppliesSupplyUnit", 19)
        writer.member("prtMarkerSuppliesMaxCapacity", 100)
        if isNamed {
            writer.member("PartNumber", slot.item)
            writer.member("SerialNumber", "\(truth.name)-\(cartridge.id)")
        }
        let level: Int64 =
            switch levels[index] {
            case .percent(let percent): Int64(percent)
            case .unknown, .missing: -2
            case .some: -3
            }
        writer.member("prtMarkerSuppliesLevel", level)
        writer.endObject()
    }

    private func alert(code: Int, group: Int, index: Int, _ text: String, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("prtAlertSeverityLevel", 4)
        writer.member("prtAlertGroup", group)
        writer.member("prtAlertGroupIndex", index)
        writer.member("prtAlertCode", code)
        writer.member("prtAlertDescription", text)
        writer.endObject()
    }

    private static func hex(_ byte: Int) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}
