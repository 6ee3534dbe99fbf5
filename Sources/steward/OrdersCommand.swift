import Gateway

enum OrdersCommand: ListCommand {
    static let name = "orders"
    static let summary = "list the orders of supplies, and why they were made"
    static let list = "orders"
    static let usage = Usage(options: listOptions + APIClient.options)
    static let columns: [Table.Column] = [
        .init("STATE"), .init("DEVICE"), .init("SUPPLY"), .init("ITEM"), .init("LEVEL", .number), .init("DAYS LEFT", .spare),
        .init("REASON"), .init("AGE", .fixed), .init("DECIDED (UTC)", .spare), .init("ORDER", .spare), .init("NEWS", .spare),
    ]

    static func row(_ order: APIValue, _ terminal: Terminal) -> [Table.Cell] {
        let level = order["levelPercent"].number.map { HumanText.number($0, decimals: 0) + " %" }
        return [
            .state(order["state"].string), .init(order["device"].string), .init(order["supply"].string), .init(order["item"].string),
            .init(level), .daysLeft(order), .init(order["reason"].string),
            .age(order["decided"], terminal), .time(order["decided"]), .init(order["order"].string, .dim), .init(order["detail"].string),
        ]
    }

    static func emptyText(_ arguments: Arguments) -> String { "Nothing\(scope(arguments)) was ordered yet." }
}
