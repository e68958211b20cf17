import Logging

/// Only what is critical: what a test provokes on purpose and what it logs on its way is not news.
public let quietLogger: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
}()
