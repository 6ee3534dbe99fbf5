enum StatusPage {
    static func render(status: [UInt8], devices: [UInt8], alarms: [UInt8], orders: [UInt8], actions: [UInt8]) -> [UInt8] { status }
}
