import Documents

/// All that a Bambu report tells at one moment; the report itself is this, or its difference from what was told before.
struct BambuSnapshot: Sendable, Equatable {
    var state: String
    var nozzle: Double
    var nozzleTarget: Double
    var bed: Double
    var bedTarget: Double
    var percent: Int64
    var remainingMinutes: Int64
    var layer: Int64
    /// dBm
    var wifi: Int64
    var printError: Int64
    var health: [HealthMessage]
    var humidityLevel: Int64
    var amsTemperature: Double
    /// Percent a tray; -1 is not known.
    var trays: [Int64]

    func payload(since old: BambuSnapshot?, sequence: Int64) -> [UInt8] {
        JSONWriter.object { writer in
            writer.object("print") { writer in
                if old?.state != state { writer.member("gcode_state", state) }
                if old?.nozzle != nozzle { writer.member("nozzle_temper", nozzle) }
                if old?.nozzleTarget != nozzleTarget { writer.member("nozzle_target_temper", nozzleTarget) }
                if old?.bed != bed { writer.member("bed_temper", bed) }
                if old?.bedTarget != bedTarget { writer.member("bed_target_temper", bedTarget) }
                if old?.percent != percent { writer.member("mc_percent", percent) }
                if old?.remainingMinutes != remainingMinutes { writer.member("mc_remaining_time", remainingMinutes) }
                if old?.layer != layer { writer.member("layer_num", layer) }
                if old?.wifi != wifi { writer.member("wifi_signal", "\(wifi)dBm") }
                if old?.printError != printError { writer.member("print_error", printError) }
                if old?.health != health {
                    writer.objects("hms", of: health) { writer, message in
                        writer.member("attr", message.attribute)
                        writer.member("code", message.code)
                    }
                }
                writeMaterialSystem(&writer, since: old)
                writer.member("command", "push_status")
                // 0 is a full report, 1 a difference.
                writer.member("msg", old == nil ? 0 : 1)
                writer.member("sequence_id", String(sequence))
            }
        }
    }

    private func writeMaterialSystem(_ writer: inout JSONWriter, since old: BambuSnapshot?) {
        let changed = trays.indices.filter { tray in old.map { !$0.trays.indices.contains(tray) || $0.trays[tray] != trays[tray] } ?? true }
        let climateChanged = old?.humidityLevel != humidityLevel || old?.amsTemperature != amsTemperature
        guard !changed.isEmpty || climateChanged else { return }
        writer.object("ams") { writer in
            writer.objects("ams", of: ["0"]) { writer, id in
                writer.member("id", id)
                // The printer writes these two numbers as text.
                if climateChanged {
                    writer.member("humidity", String(humidityLevel))
                    writer.member("temp", "\(amsTemperature)")
                }
                writer.objects("tray", of: changed) { writer, tray in
                    writer.member("id", String(tray))
                    writer.member("remain", trays[tray])
                }
            }
        }
    }
}
