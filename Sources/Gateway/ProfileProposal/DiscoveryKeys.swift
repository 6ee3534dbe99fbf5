import Documents

/// The keys of announcements of Home Assistant, in their long form. Devices with little memory send short ones.
enum DiscoveryKeys {
    /// Of a component, and of the whole announcement of a device.
    private static let short: [String: String] = [
        "avty": "availability", "avty_mode": "availability_mode", "avty_t": "availability_topic", "avty_tpl": "availability_template",
        "act_t": "action_topic", "act_tpl": "action_template", "cmd_t": "command_topic", "cmd_tpl": "command_template",
        "cmps": "components", "curr_hum_t": "current_humidity_topic", "curr_hum_tpl": "current_humidity_template",
        "curr_temp_t": "current_temperature_topic", "curr_temp_tpl": "current_temperature_template", "dev": "device",
        "dev_cla": "device_class", "en": "enabled_by_default", "ent_cat": "entity_category", "exp_aft": "expire_after",
        "fan_mode_stat_t": "fan_mode_state_topic", "fan_mode_stat_tpl": "fan_mode_state_template",
        "hum_stat_t": "target_humidity_state_topic", "hum_stat_tpl": "target_humidity_state_template", "ic": "icon",
        "json_attr_t": "json_attributes_topic", "json_attr_tpl": "json_attributes_template", "l_ver_t": "latest_version_topic",
        "l_ver_tpl": "latest_version_template", "mode_stat_t": "mode_state_topic", "mode_stat_tpl": "mode_state_template",
        "o": "origin", "obj_id": "object_id", "ops": "options", "p": "platform", "pct_stat_t": "percentage_state_topic",
        "pct_val_tpl": "percentage_value_template", "pl_avail": "payload_available", "pl_not_avail": "payload_not_available",
        "pl_off": "payload_off", "pl_on": "payload_on", "pl_prs": "payload_press", "pos_t": "position_topic",
        "pos_tpl": "position_template", "schema": "schema", "stat_cla": "state_class", "stat_off": "state_off", "stat_on": "state_on",
        "stat_t": "state_topic", "stat_tpl": "state_template", "stat_val_tpl": "state_value_template", "t": "topic",
        "temp_stat_t": "temperature_state_topic", "temp_stat_tpl": "temperature_state_template", "uniq_id": "unique_id",
        "unit_of_meas": "unit_of_measurement", "val_tpl": "value_template", "bri_stat_t": "brightness_state_topic",
        "bri_val_tpl": "brightness_value_template", "pr_mode_stat_t": "preset_mode_state_topic",
        "pr_mode_val_tpl": "preset_mode_value_template", "swing_mode_stat_t": "swing_mode_state_topic",
        "swing_mode_stat_tpl": "swing_mode_state_template", "tilt_status_t": "tilt_status_topic", "tilt_status_tpl": "tilt_status_template",
        "bat_lev_t": "battery_level_topic", "bat_lev_tpl": "battery_level_template",
    ]
    /// Of the member `device`, where some mean something else.
    private static let shortOfDevice: [String: String] = [
        "ids": "identifiers", "cns": "connections", "mf": "manufacturer", "mdl": "model", "mdl_id": "model_id", "sw": "sw_version",
        "hw": "hw_version", "sn": "serial_number", "sa": "suggested_area", "cu": "configuration_url",
    ]

    static func expanded(_ members: [DocumentMember], ofDevice: Bool = false) -> [String: DocumentNode] {
        var result: [String: DocumentNode] = [:]
        for member in members {
            let key = (ofDevice ? shortOfDevice : short)[member.key] ?? member.key
            if result[key] == nil { result[key] = member.node }
        }
        return result
    }

    /// Home Assistant's units and what they are in UCUM; one that is not listed is taken as it is written.
    static func unit(_ text: String) -> String {
        switch text {
        case "°C": "Cel"
        case "°F": "[degF]"
        case "kWh": "kW.h"
        case "Wh": "W.h"
        case "MWh": "MW.h"
        case "VA": "V.A"
        case "kVA": "kV.A"
        case "dBm": "dB[mW]"
        case "m³": "m3"
        case "ft³": "[ft_i]3"
        case "µg/m³", "μg/m³": "ug/m3"
        case "mg/m³": "mg/m3"
        case "ppm": "[ppm]"
        case "ppb": "[ppb]"
        case "psi": "[psi]"
        case "mmHg": "mm[Hg]"
        case "inHg": "[in_i'Hg]"
        case "mph": "[mi_i]/h"
        case "in": "[in_i]"
        case "ft": "[ft_i]"
        case "gal": "[gal_us]"
        case "m³/h": "m3/h"
        case "°": "deg"
        case "B": "By"
        case "kB": "kBy"
        case "MB": "MBy"
        case "GB": "GBy"
        default: ProposalText.plain(String(text.prefix(24)))
        }
    }
}

extension DocumentNode {
    var members: [DocumentMember]? { if case .object(let members) = value { members } else { nil } }

    /// A text, or a number, true or false as a text.
    var word: String? {
        switch value {
        case .string(let text): text
        case .number(_, let text): text
        case .bool(let flag): flag ? "true" : "false"
        default: nil
        }
    }

    /// One text, or a list of them.
    var words: [String] {
        if case .array(let items) = value { return items.prefix(64).compactMap(\.word) }
        return word.map { [$0] } ?? []
    }
}
