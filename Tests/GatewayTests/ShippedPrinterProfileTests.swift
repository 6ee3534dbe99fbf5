import Testing

@testable import Gateway

/// What the shipped profiles of 3D printers make of the words of their servers.
@Suite struct ShippedPrinterProfileTests {
    private func octoprint(_ event: String, _ members: String = "") -> (String, String) {
        ("printer-3/event/\(event)", #"{"_event":"\#(event)"\#(members.isEmpty ? "" : "," + members)}"#)
    }

    private func state(_ id: String) -> (String, String) { octoprint("PrinterStateChanged", #""state_id":"\#(id)""#) }

    private func bench(_ messages: [(String, String)]) throws -> ShippedBench {
        var bench = try ShippedBench()
        for (second, message) in messages.enumerated() { bench.take(message.0, message.1, second: Int64(second)) }
        #expect(bench.deadLetters == [])
        return bench
    }

    @Test func octoPrintTellsAFatalErrorAndThenThatItIsOffline() throws {
        var bench = try bench([
            state("PRINTING"),
            octoprint(
                "Error",
                #""error":"Thermal Runaway, system stopped! Heater_ID: 0 - and how to go on","reason":"firmware","consequence":"disconnect""#
            ),
            state("ERROR"), octoprint("PrintFailed", #""time":12.5,"reason":"error""#), state("CLOSED_WITH_ERROR"), state("OFFLINE"),
        ])
        #expect(try bench.alarms("printer-3") == ["print-failed", "printer-error"])
        let metrics = try bench.metrics("printer-3")
        #expect(metrics["lastErrorReason"] == "firmware" && metrics["lastPrintTime"] == "12.5 s")
        #expect(metrics["lastError"]?.hasPrefix("Thermal Runaway") == true)
        // The alarms stay until the printer works again, whatever people look at in between.
        for (index, message) in [octoprint("ClientOpened"), state("CONNECTING")].enumerated() {
            bench.take(message.0, message.1, second: Int64(100 + index))
        }
        #expect(try bench.alarms("printer-3") == ["print-failed", "printer-error"])
        bench.take(state("OPERATIONAL").0, state("OPERATIONAL").1, second: 110)
        #expect(try bench.alarms("printer-3") == ["print-failed"])
        let started = octoprint("PrintStarted")
        bench.take(started.0, started.1, second: 120)
        #expect(try bench.alarms("printer-3") == [])
    }

    @Test func octoPrintCancelsAPrint() throws {
        var bench = try bench([
            state("PRINTING"), octoprint("PrintCancelling"), octoprint("PrintCancelled", #""time":9"#),
            octoprint("PrintFailed", #""time":9,"reason":"cancelled""#),
        ])
        #expect(try bench.metrics("printer-3")["lastEvent"] == "PrintCancelled")
        bench.take(state("OPERATIONAL").0, state("OPERATIONAL").1, second: 30)
        #expect(try bench.alarms("printer-3") == [])
        // A reason of another event is none of a print, and only a change of height is a height.
        for message in [octoprint("PositionUpdate", #""reason":"pause""#), octoprint("ToolChange", #""old":0,"new":1"#)] {
            bench.take(message.0, message.1, second: 60)
        }
        #expect(try bench.metrics("printer-3")["height"] == nil)
        let change = octoprint("ZChange", #""new":0.4,"old":0.2"#)
        bench.take(change.0, change.1, second: 61)
        #expect(try bench.metrics("printer-3")["height"] == "0.4 mm")
    }

    /// The texts of `state.text` in OctoPrint 1.11 and in its development branch.
    @Test(
        arguments: [
            ("Starting print from SD", "STARTING"), ("Printing from SD", "PRINTING"), ("Sending file to SD", "TRANSFERRING_FILE"),
            ("Starting to send file to SD", "TRANSFERRING_FILE"), ("Transferring file to SD", "TRANSFERRING_FILE"),
            ("Transferring file to printer", "TRANSFERRING_FILE"), ("Detecting", "DETECT_SERIAL"), ("Connecting", "CONNECTING"),
            ("Offline after error", "CLOSED_WITH_ERROR"),
        ])
    func octoPrintStateTexts(_ text: String, _ state: String) throws {
        let bench = try bench([("printer-3/progress/printing", #"{"progress":3,"printer_data":{"state":{"text":"\#(text)"}}}"#)])
        #expect(try bench.metrics("printer-3")["status"] == state)
    }

    // MARK: Moonraker

    private func klipper(_ status: String) -> (String, String) { ("voron/klipper/status", #"{"eventtime":1.5,"status":\#(status)}"#) }

    private let ready = #"{"webhooks":{"state":"ready","state_message":"Printer is ready"},"print_stats":{"state":"standby"}}"#

    /// An older Moonraker does not say that Klipper is back.
    @Test func aPrintShowsThatKlipperIsBack() throws {
        let message = "Heater extruder not heating at expected rate. See the 'verify_heater' section in docs/Config_Reference.md"
        var bench = try bench([
            klipper(ready), klipper(#"{"webhooks":{"state":"shutdown","state_message":"\#(message)"}}"#),
            klipper(#"{"extruder":{"temperature":60.5}}"#),
        ])
        #expect(try bench.alarms("voron") == ["klipper-shutdown"])
        #expect(try bench.equipmentState("voron") == "unscheduledDowntime")
        // The text is long, and the one before it is over.
        #expect(try bench.metrics("voron")["webhooks.state_message"] == "Heater extruder not heating at expected rate. See the 'verify…")
        let print = klipper(#"{"print_stats":{"state":"printing"}}"#)
        bench.take(print.0, print.1, second: 400)
        #expect(try bench.alarms("voron") == [])
        #expect(try bench.equipmentState("voron") == "productive")
    }

    @Test func klipperThatCannotStartIsDown() throws {
        var bench = try bench([klipper(ready), klipper(#"{"webhooks":{"state":"error","state_message":"mcu 'mcu': Unable to connect"}}"#)])
        #expect(try bench.alarms("voron") == ["klipper-error"])
        #expect(try bench.equipmentState("voron") == "unscheduledDowntime")
        bench.take(klipper(ready).0, klipper(ready).1, second: 60)
        #expect(try bench.alarms("voron") == [])
        #expect(try bench.equipmentState("voron") == "standby")
    }

    // MARK: Prusa

    @Test func prusaWithoutAJob() throws {
        let printing =
            #"{"job":{"id":7,"progress":40.0,"time_remaining":520,"time_printing":350},"printer":{"state":"PRINTING","temp_nozzle":214.8,"axis_z":4.2}}"#
        var bench = try bench([("prusalink/mk4/status", printing)])
        #expect(try bench.metrics("mk4")["progress"] == "40 %")
        #expect(try bench.metrics("mk4")["axis.axis_z"] == "4.2 mm")
        #expect(try bench.equipmentState("mk4") == "productive")
        // No job is null in some firmwares, and left out in others.
        for (second, rest) in [#""job":null,"#, ""].enumerated() {
            bench.take("prusalink/mk4/status", #"{\#(rest)"printer":{"state":"FINISHED","temp_nozzle":60.5}}"#, second: Int64(10 + second))
            #expect(try bench.metrics("mk4")["progress"] == "? %")
            #expect(try bench.metrics("mk4")["nozzle.temp"] == "60.5 Cel")
            #expect(try bench.equipmentState("mk4") == "standby")
        }
        bench.take("prusalink/mk4/status", #"{"printer":{"state":"ATTENTION"}}"#, second: 20)
        #expect(try bench.alarms("mk4") == ["attention"])
        #expect(bench.deadLetters == [])
    }

    @Test func prusaInTwoParts() throws {
        var bench = try bench([
            ("prusalink/mini/online", "true"),
            ("prusalink/mini/printer", #"{"state":"IDLE","temp_nozzle":25.0,"temp_bed":24.5,"flow":100}"#),
            ("prusalink/mini/job", #"{"id":3,"progress":99.0,"time_printing":60}"#), ("prusalink/mini/server_online", "true"),
        ])
        #expect(try bench.metrics("mini")["bed.temp"] == "24.5 Cel")
        #expect(try bench.equipmentState("mini") == "standby")
        bench.take("prusalink/mini/server_online", "false", second: 30)
        #expect(try bench.equipmentState("mini") == "unscheduledDowntime")
        bench.take("prusalink/mini/online", "false", second: 40)
        #expect(try bench.alarms("mini") == ["silent"])
    }

    // MARK: Duet

    @Test func duetSensorsThatAreNotThere() throws {
        var bench = try bench([
            (
                "duet/voron/om",
                #"{"state":{"status":"processing"},"heat":{"heaters":[{"current":21.4,"state":"active"},{"current":2000.0,"state":"fault"},null,{"current":-273.1}]},"job":{"layer":3,"timesLeft":{"file":1200}}}"#
            )
        ])
        let metrics = try bench.metrics("voron")
        #expect(metrics["heater.0.temp"] == "21.4 Cel" && metrics["heater.1.temp"] == "? Cel" && metrics["heater.3.temp"] == "? Cel")
        #expect(metrics["printTimeLeft"] == "1200 s")
        #expect(try bench.alarms("voron") == ["heater-1-fault"])
        #expect(try bench.equipmentState("voron") == "productive")
        bench.take("duet/voron/om", #"{"state":{"status":"halted"},"job":null}"#, second: 10)
        #expect(try bench.metrics("voron")["printTimeLeft"] == "? s")
        #expect(try bench.alarms("voron") == ["halted", "heater-1-fault"])
        #expect(try bench.equipmentState("voron") == "unscheduledDowntime")
        // The letter of the older status requests, and the words of MQTT4DSF.
        bench.take("duet/voron/status", "I", second: 20)
        #expect(try bench.equipmentState("voron") == "standby")
        bench.take("Duet/voron/status", "processing", second: 30)
        bench.take("Duet/voron/joblayer", "4", second: 31)
        #expect(try bench.metrics("voron")["layer"] == "4")
        #expect(try bench.equipmentState("voron") == "productive")
        #expect(bench.deadLetters == [])
    }

    // MARK: Home Connect

    @Test func coffeeMachine() throws {
        func state(_ members: String) -> (String, String) { ("homeconnect/kitchen/state", "{\(members)}") }
        var bench = try bench([
            ("homeconnect/kitchen/LWT", "online"),
            state(
                #""OperationState":"Run","BeanContainerEmpty":"Off","BeverageCounterCoffee":421,"BeverageCounterHotWater":37351,"LastSelectedBeverage":8217"#
            ),
            state(
                #""OperationState":"ActionRequired","BeanContainerEmpty":"Present","DripTrayFull":"Present","WaterTankNearlyEmpty":"Present","ProcessPhase":null"#
            ),
        ])
        #expect(try bench.alarms("kitchen") == ["beans-empty", "drip-tray-full", "water-low"])
        #expect(try bench.equipmentState("kitchen") == "unscheduledDowntime")
        #expect(try bench.metrics("kitchen")["beverages.coffee"] == "421 {cups}")
        let confirmed = state(
            #""OperationState":"Ready","BeanContainerEmpty":"Off","DripTrayFull":"Confirmed","WaterTankNearlyEmpty":"Off""#)
        bench.take(confirmed.0, confirmed.1, second: 60)
        #expect(try bench.alarms("kitchen") == [])
        bench.take("homeconnect/kitchen/LWT", "offline", second: 90)
        #expect(try bench.alarms("kitchen") == ["silent"])
        // What stands above the devices is no device.
        bench.take("homeconnect/LWT", "online", second: 91)
        #expect(try bench.metrics("LWT") == [:])
    }
}
