extension StatusPageWriter {
    mutating func header(_ status: APIValue?, _ gateway: String) {
        raw("<header>\n<h1>\(text(gateway))</h1>\n<p>")
        if let status {
            let host = status["broker"]["host"].string.map { " \($0)" } ?? ""
            switch status["broker"]["connected"].bool {
            case true: raw(badge("broker\(host) connected", .good))
            case false: raw(badge("broker\(host) not connected", .bad))
            default: raw(badge("broker unknown", .neutral))
            }
            if let version = status["version"].string { raw(" <span>Steward \(text(version))</span>") }
            if let uptime = status["uptimeSeconds"].number, let milliseconds = Int64(exactly: (uptime * 1000).rounded()) {
                raw(" <span>up for \(HumanText.duration(milliseconds))</span>")
            }
        }
        raw("</p>\n</header>\n")
    }

    /// The numbers that tell at a glance whether someone is needed.
    mutating func headline(_ status: APIValue) {
        raw("<dl class=\"headline\">\n")
        if let unseen = status["unseenStoreDamage"].integer, unseen > 0 {
            raw("<div class=\"bad wide\"><dt>the store was damaged; nothing is ordered or commanded without a word: steward damage</dt>")
            raw("<dd>\(unseen) unseen</dd></div>\n")
        }
        fact("devices", status["devices"]["total"], .neutral)
        fact("down", status["devices"]["down"], .bad)
        fact("silent", status["devices"]["silent"], .fair)
        fact("active alarms", status["activeAlarms"], .bad)
        fact("open tickets", status["openTickets"], .fair)
        fact("open orders", status["openOrders"], .neutral)
        fact("open commands", status["openCommands"], .neutral)
        let downtime = status["downtime"]
        if let incidents = downtime["incidents"].integer, let milliseconds = downtime["milliseconds"].integer {
            let remote = downtime["remotelyHandled"].integer ?? 0
            raw(
                "<div class=\"wide\"><dt>downtime, \(incidents) \(incidents == 1 ? "incident" : "incidents"), \(remote) mended remotely</dt>"
            )
            raw("<dd>\(HumanText.duration(milliseconds))</dd></div>\n")
        }
        raw("</dl>\n")
    }

    /// A number; the tone counts only when it is not 0.
    private mutating func fact(_ name: String, _ value: APIValue, _ tone: Tone) {
        let number = value.number
        let colour = (number ?? 0) > 0 ? tone : .neutral
        raw("<div class=\"\(colour.rawValue)\"><dt>\(name)</dt><dd>\(number.map { HumanText.number($0) } ?? "–")</dd></div>\n")
    }

    mutating func alarms(_ alarms: [APIValue]) {
        table(
            "Active alarms", ["Severity", "Device", "Condition", "What", "State", "Since"],
            alarms.map { alarm in
                [
                    badge(alarm["severity"].string, severityTone(alarm["severity"].string)), text(alarm["device"]),
                    text(alarm["condition"]),
                    text(alarm["text"]), text(state(alarm)), age(alarm["onset"]),
                ]
            })
    }

    /// The state with what else is to be known of it.
    private func state(_ alarm: APIValue) -> String? {
        guard let state = alarm["state"].string?.replacing("-", with: " ") else { return nil }
        let marks = ["flapping", "latched", "late"].filter { alarm[$0].bool == true }
        let inhibition = alarm["inhibitedBy"].string == "maintenance" ? ["under maintenance"] : []
        return ([state] + marks + inhibition).joined(separator: ", ")
    }

    private func severityTone(_ severity: String?) -> Tone {
        switch severity {
        case "critical": .bad
        case "major": .poor
        case "minor": .fair
        default: .neutral
        }
    }

    /// Those that need someone first; otherwise in the order of the ids.
    mutating func devices(_ devices: [APIValue]) {
        let sorted = devices.enumerated().sorted { (urgency($0.element), $0.offset) < (urgency($1.element), $1.offset) }.map(\.element)
        table(
            "Devices", ["Device", "Status", "Alarms", "Supplies", "Available", "Last seen"],
            sorted.map { device in
                [
                    text(device["device"]), status(device), device["alarms"].items.map { text($0) }.joined(separator: ", "),
                    supplies(device["supplies"].items), device["availability"].number.map { HumanText.number($0 * 100) + " %" } ?? "",
                    age(device["lastArrival"]),
                ]
            })
    }

    private func urgency(_ device: APIValue) -> Int {
        if device["equipmentState"].string == "unscheduledDowntime" { return 0 }
        if device["silent"].bool == true { return 1 }
        return device["alarms"].items.isEmpty ? 3 : 2
    }

    private func status(_ device: APIValue) -> String {
        // What it last said of itself means little once it is silent.
        if device["silent"].bool == true { return badge("silent", .fair) }
        let state = device["equipmentState"].string.map(HumanText.equipmentState)
        let tone: Tone =
            switch device["equipmentState"].string {
            case "productive", "standby": .good
            case "unscheduledDowntime": .bad
            case "scheduledDowntime": .fair
            default: .neutral
            }
        let word = [device["status"].string, state].compactMap { $0 }
        return badge(word.count == 2 && word[0] != word[1] ? "\(word[0]) · \(word[1])" : word.first ?? "unknown", tone)
    }

    private func supplies(_ supplies: [APIValue]) -> String {
        guard !supplies.isEmpty else { return "" }
        let items = supplies.map { supply in
            let order = supply["order"].isNull ? "" : " <span class=\"quiet\">ordered</span>"
            return
                "<li><span class=\"name\">\(text(supply["label"].isNull ? supply["supply"] : supply["label"]))</span>\(level(supply["levelPercent"].number))"
                + "<span class=\"days\">\(daysLeft(supply))\(order)</span></li>"
        }
        return "<ul class=\"supplies\">\(items.joined())</ul>"
    }

    mutating func orders(_ orders: [APIValue]) {
        table(
            "Orders", ["State", "Device", "Supply", "From", "Level", "Days left", "Why", "Decided"],
            orders.map { order in
                let item = order["item"].string.map { " <span class=\"quiet\">\(text($0))</span>" } ?? ""
                let detail = order["detail"].string.map { "<br><span class=\"quiet\">\(text($0))</span>" } ?? ""
                return [
                    orderState(order), text(order["device"]),
                    text(order["supply"]) + item, from(order),
                    order["levelPercent"].number.map { HumanText.number($0, decimals: 0) + " %" } ?? "",
                    daysLeft(order), text(order["reason"]) + detail, age(order["decided"]),
                ]
            })
    }

    private func orderState(_ order: APIValue) -> String {
        let state = badge(order["state"].string?.replacing("-", with: " "), orderTone(order["state"].string))
        if order["overdue"].bool == true { return state + " " + badge("overdue", .bad) }
        return order["dryRun"].bool == true ? state + " <span class=\"quiet\">dry run</span>" : state
    }

    /// The supplier and the price.
    private func from(_ order: APIValue) -> String {
        let price = order["amount"].number.map {
            "<br><span class=\"quiet\">\(HumanText.money($0)) \(text(order["currency"]))</span>"
        }
        return text(order["supplier"]) + (price ?? "")
    }

    private func orderTone(_ state: String?) -> Tone {
        switch state {
        case "installed", "delivered": .good
        case "failed": .bad
        case "awaiting-approval": .fair
        default: .neutral
        }
    }

    mutating func actions(_ actions: [APIValue]) {
        table(
            "Last actions", ["Outcome", "Device", "Command", "For", "Detail", "Onset"],
            actions.map { action in
                [
                    badge(action["outcome"].string, actionTone(action["outcome"].string)), text(action["device"]), text(action["command"]),
                    text(action["condition"]), text(action["detail"]), age(action["onset"]),
                ]
            })
    }

    private func actionTone(_ outcome: String?) -> Tone {
        switch outcome {
        case "verified": .good
        case "refused", "refused-late", "unanswered", "undeliverable", "not-sent", "unverified": .bad
        default: .neutral
        }
    }

    mutating func experience(_ experience: APIValue) {
        raw("<section aria-labelledby=\"experience\">\n<h2 id=\"experience\">What customers say</h2>\n")
        let scores = HumanText.questions.compactMap { question in
            HumanText.score(question.key, experience[question.key]).map { (question, $0, experience[question.key]["answers"].integer ?? 0) }
        }
        if scores.isEmpty { raw("<p class=\"empty\">No customer has answered yet.</p>\n") } else { raw("<dl class=\"headline\">\n") }
        for (question, score, answers) in scores {
            let parts = score.split(separator: "(", maxSplits: 1)
            let interval = parts.count == 2 ? " (\(parts[1])" : ""
            raw("<div class=\"neutral wide\"><dt><abbr>\(question.name)</abbr> \(question.meaning)</dt>")
            raw("<dd>\(parts.first ?? "")<small>\(interval), \(answers) \(answers == 1 ? "answer" : "answers")</small></dd></div>\n")
        }
        raw(scores.isEmpty ? "</section>\n" : "</dl>\n</section>\n")
    }
}
