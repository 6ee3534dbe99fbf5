/// The page of what detectors found unusual, where a person can say that it is normal. It works without scripts.
///
/// The operator's token is a field of each form: whoever else makes a browser send the form does not know it.
public enum AnomaliesPage {
    static let path = "/anomalies"

    /// The fields of a form.
    enum Field: String { case alarm, judgement, by, reason, token }

    /// What the last form came to.
    struct Notice {
        var text: String
        var isGood: Bool
    }

    /// Takes the answer of `/api/v1/alarms?source=anomaly&all=true`. Gives a complete HTML document in UTF-8, which loads nothing else.
    static func render(gateway: String, alarms: [UInt8], nowMilliseconds: Int64, notice: Notice? = nil) -> [UInt8] {
        var page = StatusPageWriter(nowMilliseconds: nowMilliseconds)
        page.head(title: "Unusual – \(gateway)")
        page.raw(
            "<header>\n<h1>\(page.text(gateway)): found unusual</h1>\n<p><a href=\"/\">state of the gateway</a></p>\n</header>\n<main>\n")
        if let notice {
            page.raw("<p role=\"\(notice.isGood ? "status" : "alert")\">\(page.badge(notice.text, notice.isGood ? .good : .bad))</p>\n")
        }
        page.raw("<p>No rule says that anything is wrong here: these values are further from the usual than they were before. ")
        page.raw("What you call normal is not warned of again, as far as it went this time.</p>\n")
        page.section("Warnings", alarms, list: "alarms", empty: "Nothing was found unusual yet.") { $0.anomalies($1) }
        page.raw("</main>\n<footer>The same in the terminal: <code>steward anomalies</code></footer>\n</body>\n</html>\n")
        return Array(page.html.utf8)
    }
}

extension StatusPageWriter {
    mutating func anomalies(_ alarms: [APIValue]) {
        table(
            "Warnings", ["Device", "What", "State", "Since", "Say"],
            alarms.map { alarm in
                let isNormal = !alarm["calledNormalBy"].isNull
                let state = isNormal ? "normal, says \(alarm["calledNormalBy"].string ?? "?")" : alarm["state"].string
                return [
                    text(alarm["device"]), text(alarm["text"]),
                    badge(state?.replacing("-", with: " "), isNormal ? .good : alarm["active"].bool == true ? .fair : .neutral),
                    age(alarm["onset"]), form(alarm, isNormal: isNormal),
                ]
            })
    }

    /// A form that says the one thing that can be said of the warning.
    private func form(_ alarm: APIValue, isNormal: Bool) -> String {
        func field(_ name: AnomaliesPage.Field, _ label: String, _ attributes: String) -> String {
            "<label>\(label)<input name=\"\(name.rawValue)\" \(attributes)></label>"
        }
        func hidden(_ name: AnomaliesPage.Field, _ value: String) -> String {
            "<input type=\"hidden\" name=\"\(name.rawValue)\" value=\"\(Self.escaped(value))\">"
        }
        let say = isNormal ? "This is unusual after all" : "This is normal"
        return "<details><summary>\(say)</summary><form method=\"post\" action=\"\(AnomaliesPage.path)\">"
            + hidden(.alarm, alarm["alarm"].string ?? "") + hidden(.judgement, isNormal ? "unusual" : "normal")
            + field(.by, "Your name", "required maxlength=\"64\" autocomplete=\"name\"")
            + field(.reason, "Why (others will read it)", "maxlength=\"200\"")
            + field(.token, "The operator's token", "type=\"password\" required autocomplete=\"current-password\"")
            + "<button>\(say)</button></form></details>"
    }
}
