import Logging

/// Sets up logging once for the process.
enum Logging {
    static func bootstrap(_ configuration: Configuration, output: LogOutput) -> Logger {
        let (level, format) = (configuration.logLevel, configuration.logFormat)
        output.setDropNotice { count in
            LineLogHandler(logLevel: level, label: "fitnessd", format: format, output: output)
                .line(.warning, "log lines dropped, because nobody read them", [("count", "\(count)")])
        }
        LoggingSystem.bootstrap { label in
            LineLogHandler(logLevel: level, label: label, format: format, output: output)
        }
        return Logger(label: "fitnessd")
    }
}
