import Testing

@testable import Gateway

@Suite struct StatusPageTests {
    private let status = """
        {"gateway":"site-12","version":"0.1.0","uptimeSeconds":7500,"time":1795298645000,"broker":{"connected":true,"host":"127.0.0.1"},
        "devices":{"total":1,"down":0,"silent":0},"activeAlarms":1,"openOrders":0,"openTickets":0,"openCommands":0,
        "downtime":{"incidents":1,"remotelyHandled":1,"milliseconds":61000},
        "experience":{"ces":{"value":0.82,"low":0.71,"high":0.89,"answers":61},"ves":null,"nps":null,"csat":null}}
        """

    private func page(
        status: String? = nil, devices: String = #"{"devices":[],"total":0}"#, alarms: String = #"{"alarms":[]}"#,
        orders: String = #"{"orders":[]}"#, actions: String = #"{"actions":[]}"#
    ) -> String {
        let bytes = StatusPage.render(
            status: Array((status ?? self.status).utf8), devices: Array(devices.utf8), alarms: Array(alarms.utf8),
            orders: Array(orders.utf8), actions: Array(actions.utf8))
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func everyStringIsEscaped() {
        let hostile = #"<script>alert(1)</script>\" onload='x' &amp; \u202egnp\u001b[2J"#
        func member(_ names: String...) -> String { names.map { "\"\($0)\":\"\(hostile)\"" }.joined(separator: ",") }
        let text = page(
            status: "{\(member("gateway", "version")),\"broker\":{\"connected\":true,\(member("host"))}}",
            devices:
                #"{"devices":[{"alarms":["\#(hostile)"],"supplies":[{\#(member("supply", "missingEvidence", "order"))}],\#(member("device", "status", "equipmentState", "profile"))}],"total":1}"#,
            alarms: "{\"alarms\":[{\(member("alarm", "device", "condition", "severity", "text", "state"))}]}",
            orders: "{\"orders\":[{\(member("device", "state", "supply", "item", "reason", "detail", "missingEvidence"))}]}",
            actions: "{\"actions\":[{\(member("device", "command", "outcome", "detail", "condition"))}]}")
        #expect(!text.contains("<script"))
        #expect(!text.contains("onload='") && !text.contains("\" onload"))
        #expect(!text.unicodeScalars.contains("\u{202E}") && !text.unicodeScalars.contains("\u{1B}"))
        // Two in the head and the heading, two in the header, six of devices, five of alarms, six of orders, five of actions.
        #expect(text.ranges(of: "&lt;script&gt;alert(1)").count >= 22)
    }

    @Test func emptyListsSaySo() {
        let text = page()
        for sentence in ["No alarm is active.", "No device has said anything yet.", "Nothing was ordered yet.", "No command was sent yet."]
        {
            #expect(text.contains(sentence))
        }
        #expect(!text.contains("<table"))
        #expect(page(status: "{}").contains("No customer has answered yet."))
    }

    @Test func whatIsUnknownIsNoNumber() {
        let text = page(
            devices:
                #"{"devices":[{"device":"d","supplies":[{"supply":"black","levelPercent":null,"daysLeft":null,"missingEvidence":"noLevel"}]}]}"#
        )
        #expect(text.contains("no level reported"))
        #expect(!text.contains("0 %</span>") && !text.contains("<rect"))
    }

    @Test func showsNumbersScoresAndBars() {
        let text = page(
            devices: #"{"devices":[{"device":"d","supplies":[{"supply":"black","levelPercent":8,"daysLeft":[8.2,12.4,17.3]}]}],"total":5}"#)
        for part in [
            "12 d (8–17)", "class=\"fill\" width=\"8\"", "82 % ", "(71–89), 61 answers", "up for 2 h 5 min", "1 min 1 s",
            "1 of 5 are shown",
        ] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test func devicesThatNeedSomeoneComeFirst() throws {
        let text = page(
            devices: """
                {"devices":[{"device":"a-fine","alarms":[]},{"device":"b-silent","silent":true,"alarms":[]},
                {"device":"c-down","equipmentState":"unscheduledDowntime","alarms":["jam"]}],"total":3}
                """)
        let places = try ["c-down", "b-silent", "a-fine"].map { try #require(text.firstRange(of: $0)).lowerBound }
        #expect(places == places.sorted())
    }

    @Test func loadsNothingAndRunsNothing() {
        let text = page()
        for part in ["src=", "@import", "url(", "<script", "<link"] { #expect(!text.contains(part)) }
        #expect(text.contains("<meta http-equiv=\"refresh\" content=\"5\">"))
    }

    @Test(arguments: ["", "[]", "nonsense", "{\"alarms\":", "null", "{\"alarms\":7}", "{\"alarms\":[null,3,\"x\",[]]}"])
    func anyBytesGiveAPage(_ bytes: String) {
        let text = page(status: bytes, devices: bytes, alarms: bytes, orders: bytes, actions: bytes)
        #expect(text.hasSuffix("</html>\n"))
        #expect(text.contains("could not be read"))
    }
}

@Suite struct HumanTextTests {
    @Test(arguments: [
        (Int64(0), "0 s"), (500, "<1 s"), (45_000, "45 s"), (7_500_000, "2 h 5 min"), (273_600_000, "3 d 4 h"), (3_600_000, "1 h"),
        (-5, "–"),
    ])
    func durations(_ milliseconds: Int64, _ text: String) { #expect(HumanText.duration(milliseconds) == text) }

    @Test(arguments: [
        (Int64(0), "now"), (180_000, "3 min ago"), (-7_200_000, "in 2 h"), (169_200_000, "47 h ago"), (172_800_000, "2 d ago"),
    ])
    func ages(_ difference: Int64, _ text: String) { #expect(HumanText.age(1_000_000, nowMilliseconds: 1_000_000 + difference) == text) }

    @Test func impossibleTimesDoNotTrap() {
        #expect(HumanText.age(.min, nowMilliseconds: .max) == "at an impossible time")
        #expect(HumanText.age(.max, nowMilliseconds: .min) == "at an impossible time")
        #expect(HumanText.time(.max) == "\(Int64.max)")
        #expect(HumanText.time(1_795_298_645_123) == "2026-11-21 22:04:05")
        #expect(HumanText.daysLeft([.infinity, 1, 2]) == nil)
        #expect(HumanText.daysLeft([1, 2]) == nil)
    }

    @Test(arguments: [
        (182.5, 1, "182.5"), (182.04, 1, "182"), (-0.25, 2, "−0.25"), (1e300, 1, "1e+300"), (.nan, 1, "–"), (0.05, 2, "0.05"),
        (10, 0, "10"),
    ])
    func numbers(_ number: Double, _ decimals: Int, _ text: String) { #expect(HumanText.number(number, decimals: decimals) == text) }

    @Test func daysLeft() {
        #expect(HumanText.daysLeft([8.2, 12.4, 17.3]) == "12 d (8–17)")
        #expect(HumanText.daysLeft([1.1, 2.3, 4.2]) == "2.3 d (1.1–4.2)")
        #expect(HumanText.daysLeft([100, 200, 5000]) == "200 d (100–>999)")
        #expect(HumanText.daysLeft([100, 400, 5000]) == ">1 a")
    }
}
