import Documents
import GatewayCore
import Replenishment

/// `suppliers` and `replenishment`: from whom, on which conditions, and how to reach them.
extension ConfigurationReader {
    static func replenishment(_ reader: ObjectReader, _ configuration: inout GatewayConfiguration) {
        var policy = ReplenishmentPolicy()
        policy.defaultSite = configuration.gatewayID
        if let orders = reader.object("replenishment", "the rules of ordering") {
            ordering(orders, &configuration)
            rules(orders, &policy)
        }
        for supplier in reader.list("suppliers", "a supplier") { one(supplier, &policy, &configuration) }
        // The short form comes last, so that it gets what no other supplier gets.
        if let orders = configuration.orders {
            policy.suppliers.append(ReplenishmentPolicy.Supplier(name: orders.name))
            configuration.suppliers.append(orders)
        }
        configuration.core.replenishment = policy
    }

    // MARK: Rules

    private static func rules(_ reader: ObjectReader, _ policy: inout ReplenishmentPolicy) {
        policy.isDryRun = reader.bool("dryRun") ?? false
        policy.currency = reader.string("currency") ?? policy.currency
        if policy.currency.utf8.count != 3 || !policy.currency.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) {
            reader.report.add("\"currency\" is three capital letters, such as \"EUR\"", at: reader.node.position)
        }
        if let prices = reader.object("prices", "prices by item") {
            for member in prices.members {
                guard let hundredths = amount(prices, member.key) else { continue }
                policy.prices.append(.init(item: Wildcard(member.key), hundredths: hundredths))
            }
        }
        if let sites = reader.object("sites", "the devices of each site") {
            policy.sites = sites.members.map { .init(name: $0.key, devices: patterns(sites, $0.key)) }
        }
        if let stock = reader.object("stock", "the items that are kept in stock") {
            for member in stock.members { policy.stockRules[member.key] = stockRule(stock, member.key) }
        }
        if let percent = number(reader, "endedPercent", in: 0...20) { policy.endedPercent = percent }
        if let text = reader.string("statusTopic") {
            policy.statusTopic = StatusTopic(text)
            if policy.statusTopic == nil {
                reader.report.add(
                    "\"statusTopic\" is a topic without wildcards in which one level is {order}, such as \"orders/{order}/status\"",
                    at: reader.node.position)
            }
        }
        approval(reader, &policy)
        deadlines(reader, &policy.deadlines)
        reader.finish()
    }

    private static func stockRule(_ reader: ObjectReader, _ item: String) -> StockRule? {
        guard let rule = reader.object(item, "the reorder point of an item") else { return nil }
        defer { rule.finish() }
        guard rule.optional("reorderPoint") != nil else {
            rule.report.add("\"reorderPoint\" says at how many units it is ordered", at: rule.node.position)
            return nil
        }
        guard let point = rule.integer("reorderPoint", in: 0...10_000) else { return nil }
        let upTo = rule.optional("orderUpTo") == nil ? point + 1 : rule.integer("orderUpTo", in: 1...10_000)
        guard let upTo else { return nil }
        if upTo <= point { rule.report.add("\"orderUpTo\" must be above \"reorderPoint\"", at: rule.node.position) }
        return StockRule(reorderPoint: point, orderUpTo: upTo)
    }

    private static func approval(_ reader: ObjectReader, _ policy: inout ReplenishmentPolicy) {
        guard let approval = reader.object("approval", "what needs a second person") else { return }
        policy.approval.isAlwaysNeeded = approval.bool("always") ?? false
        policy.approval.aboveHundredths = amount(approval, "aboveAmount")
        policy.approval.monthlyDeviceHundredths = amount(approval, "monthlyPerDevice")
        policy.approval.monthlySiteHundredths = amount(approval, "monthlyPerSite")
        approval.finish()
    }

    /// An amount of money as hundredths; nil when it is absent, and when it is none, which is reported.
    private static func amount(_ reader: ObjectReader, _ key: String) -> Int64? {
        guard let number = reader.number(key) else { return nil }
        let hundredths = Money.hundredths(number)
        if hundredths == nil { reader.report.add("\"\(key)\" must be an amount of 0 or more", at: reader.node.position) }
        return hundredths
    }

    private static func patterns(_ reader: ObjectReader, _ key: String) -> [Wildcard] {
        (reader.strings(key) ?? []).map { Wildcard($0) }
    }

    private static func deadlines(_ reader: ObjectReader, _ deadlines: inout OrderDeadlines) {
        guard let hours = reader.object("deadlineHours", "how long each step of an order may take") else { return }
        let steps: [(key: String, state: OrderLife.State)] = [
            ("planned", .planned), ("awaitingApproval", .awaitingApproval), ("sent", .sent), ("accepted", .accepted), ("shipped", .shipped),
            ("delivered", .delivered),
        ]
        for (key, state) in steps { deadline(hours, key, &deadlines.limits[state]) }
        hours.finish()
    }

    /// Sets a deadline to the hours of a member; 0 takes it away.
    private static func deadline(_ reader: ObjectReader, _ key: String, _ milliseconds: inout Int64?) {
        guard let hours = reader.number(key) else { return }
        guard (0...8760).contains(hours) else {
            return reader.report.add("\"\(key)\" must be hours from 0, which means no limit, to 8760", at: reader.node.position)
        }
        milliseconds = hours == 0 ? nil : Int64(hours * 3_600_000)
    }

    // MARK: Suppliers

    private static func one(_ reader: ObjectReader, _ policy: inout ReplenishmentPolicy, _ configuration: inout GatewayConfiguration) {
        defer { reader.finish() }
        guard let name = reader.requiredString("name", "a name of your choice") else { return }
        if name.isEmpty || name.utf8.count > 64 || policy.supplier(named: name) != nil || (name == "orders" && configuration.orders != nil)
        {
            reader.report.add("\"name\" is 1 to 64 bytes, and each supplier has its own", at: reader.node.position)
        }
        var supplier = ReplenishmentPolicy.Supplier(name: name)
        supplier.items = patterns(reader, "items")
        supplier.profiles = patterns(reader, "profiles")
        supplier.sites = patterns(reader, "sites")
        supplier.isDryRun = reader.bool("dryRun") ?? false
        reader.read("consolidateHours", in: 0...720, into: &supplier.consolidationMilliseconds, times: 3_600_000)
        if let calendar = reader.object("calendar", "when this supplier works") { supplier.calendar = self.calendar(calendar) }
        supplier.leadTimeDays = number(reader, "leadTimeDays", in: 0...365)
        supplier.leadTimeSpread = number(reader, "leadTimeSpread", in: 0...2)
        supplier.consolidationScope = reader.choice("consolidateBy", ReplenishmentPolicy.Supplier.Scope.self) ?? .site
        guard var settings = settings(reader, name) else { return }
        settings.caFile = reader.string("caFile")
        if reader.optional("duplicateAnswers") != nil { settings.duplicateAnswers = duplicateAnswers(reader) }
        reader.read("giveUpAfterHours", in: 1...8760, into: &settings.giveUpAfterMilliseconds, times: 3_600_000)
        reader.read("timeoutSeconds", in: 1...600, into: &settings.timeoutSeconds)
        policy.suppliers.append(supplier)
        configuration.suppliers.append(settings)
    }

    /// `duplicateAnswers: [{ status: 500, text: "*already been processed*" }]`; upper and lower case are the same.
    private static func duplicateAnswers(_ reader: ObjectReader) -> [SupplierSettings.DuplicateAnswer] {
        reader.list("duplicateAnswers", "an answer that tells of a duplicate").compactMap { answer in
            defer { answer.finish() }
            let status = answer.integer("status", in: 100...599)
            guard let text = answer.requiredString("text", "the text of the answer, with * for any characters") else { return nil }
            return SupplierSettings.DuplicateAnswer(status: status, text: Wildcard(text.lowercased()))
        }
    }

    /// Nil when it is absent, and when it lies outside the range, which is reported.
    private static func number(_ reader: ObjectReader, _ key: String, in range: ClosedRange<Double>) -> Double? {
        guard let number = reader.number(key) else { return nil }
        if range.contains(number) { return number }
        reader.report.add(
            "\"\(key)\" must be from \(Int(range.lowerBound)) to \(Int(range.upperBound))", at: reader.node.position)
        return nil
    }

    private static func settings(_ reader: ObjectReader, _ name: String) -> SupplierSettings? {
        let kind = reader.choice("kind", SupplierSettings.Kind.self) ?? .webhook
        if kind == .csv {
            return reader.requiredString("directory", "a folder").map { SupplierSettings(name: name, way: .csv(directory: $0)) }
        }
        guard let url = reader.requiredString("url", "where the supplier is reached") else { return nil }
        let schemes = kind == .mail ? ["smtp://", "smtps://"] : ["http://", "https://"]
        if !schemes.contains(where: { url.hasPrefix($0) }) {
            reader.report.add(
                "\"url\" of a supplier of kind \(kind.rawValue) begins with \(schemes.joined(separator: " or "))", at: reader.node.position)
        }
        let way: SupplierSettings.Way? =
            switch kind {
            case .cxml: cxml(reader)
            case .mail: mail(reader)
            case .webhook, .csv: .webhook(secretFile: reader.string("secretFile"), replySecretFile: reader.string("replySecretFile"))
            }
        guard let way else { return nil }
        var settings = SupplierSettings(name: name, way: way)
        settings.url = url
        return settings
    }

    private static func cxml(_ reader: ObjectReader) -> SupplierSettings.Way? {
        let from = party(reader, reader.object("from", "who orders"), "from")
        let to = party(reader, reader.object("to", "who delivers"), "to")
        let sender = party(reader, reader.object("sender", "which system sends"), "sender")
        let secret = reader.requiredString("secretFile", "a file with the shared secret")
        let replyIdentity = reader.string("replyIdentity")
        let replySecretFile = reader.string("replySecretFile")
        if (replyIdentity == nil) != (replySecretFile == nil) {
            reader.report.add("replyIdentity and replySecretFile belong together", at: reader.node.position)
        }
        let shipTo = address(reader.object("shipTo", "where it is delivered"))
        let billTo = address(reader.object("billTo", "who pays"))
        let mode = reader.string("deploymentMode") ?? "production"
        if mode != "production", mode != "test" { reader.report.add("\"deploymentMode\" is production or test", at: reader.node.position) }
        guard let from, let to, let sender, let secret else { return nil }
        var parties = CXMLRequest.Parties(from: from, to: to, sender: sender)
        parties.shipTo = shipTo
        parties.billTo = billTo == CXMLRequest.Address() ? shipTo : billTo
        parties.deploymentMode = mode
        return .cxml(
            SupplierSettings.CXML(parties: parties, secretFile: secret, replyIdentity: replyIdentity, replySecretFile: replySecretFile))
    }

    private static func party(_ parent: ObjectReader, _ reader: ObjectReader?, _ key: String) -> CXMLRequest.Party? {
        guard let reader else {
            parent.report.add("a supplier of kind cxml needs \"\(key)\", with domain and identity", at: parent.node.position)
            return nil
        }
        defer { reader.finish() }
        guard let domain = reader.requiredString("domain", "such as NetworkID"), let identity = reader.requiredString("identity", "a name")
        else {
            return nil
        }
        return CXMLRequest.Party(domain: domain, identity: identity)
    }

    private static func address(_ reader: ObjectReader?) -> CXMLRequest.Address {
        var address = CXMLRequest.Address()
        guard let reader else { return address }
        address.name = reader.string("name") ?? ""
        address.street = reader.string("street") ?? ""
        address.city = reader.string("city") ?? ""
        address.postalCode = reader.string("postalCode") ?? ""
        address.country = reader.string("country") ?? ""
        reader.finish()
        return address
    }

    private static func mail(_ reader: ObjectReader) -> SupplierSettings.Way? {
        let from = reader.requiredString("from", "an address")
        let to = reader.required("to", "an address, or a list of them") == nil ? [] : reader.strings("to") ?? []
        let username = reader.string("username")
        let passwordFile = reader.string("passwordFile")
        let requiresTLS = reader.bool("requireTLS") ?? true
        if (username == nil) != (passwordFile == nil) {
            reader.report.add("username and passwordFile belong together", at: reader.node.position)
        }
        if to.isEmpty || to.count > 20 { reader.report.add("\"to\" is 1 to 20 addresses", at: reader.node.position) }
        guard let from, !to.isEmpty else { return nil }
        for address in [from] + to where !OrderMail.isAddress(address) {
            reader.report.add("\"\(address)\" is no plain address such as orders@shop.example", at: reader.node.position)
        }
        var mail = SupplierSettings.Mail(envelope: OrderMail.Envelope(from: from, to: to))
        mail.username = username
        mail.passwordFile = passwordFile
        mail.requiresTLS = requiresTLS
        return .mail(mail)
    }
}
