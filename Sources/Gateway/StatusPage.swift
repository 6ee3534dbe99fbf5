/// The page at `/`: the state of the gateway for people, without scripts. It is a pure function of the API's answers, so that the two cannot
/// differ.
public enum StatusPage {
    /// Rows that a table of the page shows at most; the API and the command line have all.
    static let rowLimit = 200

    /// Takes the answers of `/api/v1/status`, `/devices`, `/alarms`, `/orders` and `/actions`; an answer that is no JSON is shown as such.
    /// Gives a complete HTML document in UTF-8, which loads nothing else.
    public static func render(status: [UInt8], devices: [UInt8], alarms: [UInt8], orders: [UInt8], actions: [UInt8]) -> [UInt8] {
        let status = try? APIValue(parsing: status)
        let now = status?["time"].integer
        let gateway = status?["gateway"].string ?? "Steward"
        var page = StatusPageWriter(nowMilliseconds: now)
        page.head(title: gateway, renewSeconds: 5)
        page.header(status, gateway)
        page.raw("<main>\n")
        if let status { page.headline(status) } else { page.unreadable() }
        page.section("Active alarms", alarms, list: "alarms", empty: "No alarm is active.") { $0.alarms($1) }
        page.section(
            "Devices", devices, list: "devices",
            empty: "No device has said anything yet. Is the broker connected, and does a profile match its topics?"
        ) { $0.devices($1) }
        page.section("Orders", orders, list: "orders", empty: "Nothing was ordered yet.") { $0.orders($1) }
        page.section("Last actions", actions, list: "actions", empty: "No command was sent yet.") { $0.actions($1) }
        if let status { page.experience(status["experience"]) }
        page.raw("</main>\n<footer>")
        if let now { page.raw("As of <time>\(StatusPageWriter.escaped(HumanText.time(now))) UTC</time>, renewed every 5 seconds. ") }
        page.raw("What was found unusual: <a href=\"\(AnomaliesPage.path)\">\(AnomaliesPage.path)</a>. ")
        page.raw("The same as JSON: <a href=\"/api/v1/status\">/api/v1/status</a></footer>\n</body>\n</html>\n")
        return Array(page.html.utf8)
    }
}
