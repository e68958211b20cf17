import ControlAPI
import Core
import Hummingbird
import Logging

/// Every route: decode, call one thing, encode. The switch is over `ControlRoute`, so that no route can be forgotten.
struct ControlRoutes: Sendable {
    let dependencies: ControlDependencies
    let logger: Logger

    func router() -> Router<ControlContext> {
        let router = Router(context: ControlContext.self)
        router.add(middleware: RefusalMiddleware(logger: logger))
        for route in ControlRoute.allCases {
            router.on(RouterPath(route.path), method: route.method == "GET" ? .get : .post) { request, context in
                try await answer(route, request, context)
            }
        }
        return router
    }

    private func answer(_ route: ControlRoute, _ request: Request, _ context: ControlContext) async throws -> Response {
        switch route {
        case .status: try ControlAnswer.json(try await status())
        case .limits: try ControlAnswer.json(await limits())
        case .quarantine: try ControlAnswer.json(try await quarantine(request))
        case .quarantineEntry: try ControlAnswer.json(try await quarantineEntry(request))
        case .quarantineRetry: try ControlAnswer.json(try await retryQuarantine(request), status: .accepted)
        case .quarantineRetryAll: try ControlAnswer.json(try await retryAllQuarantine(request), status: .accepted)
        case .quarantineDrop: try ControlAnswer.json(try await dropQuarantine(request), status: .accepted)
        case .athletes: try ControlAnswer.json(try await athletes(request))
        case .athlete: try ControlAnswer.json(try await athlete(RequestReading.athlete(context)))
        case .explanation: try ControlAnswer.json(try await explanation(RequestReading.athlete(context)))
        case .export: try await export(RequestReading.athlete(context), request, context.channel)
        case .priceAll: try ControlAnswer.json(try await price(nil, request))
        case .priceAthlete: try ControlAnswer.json(try await price(RequestReading.athlete(context), request))
        case .importAthletes: try ControlAnswer.json(try await importAthletes(request))
        case .connect: try ControlAnswer.json(try await connect(request))
        case .syncAll: try ControlAnswer.json(try await sync(nil, request), status: .accepted)
        case .syncAthlete: try ControlAnswer.json(try await sync(RequestReading.athlete(context), request), status: .accepted)
        case .pauseAll: try ControlAnswer.json(try await pause(nil, request), status: .accepted)
        case .pauseAthlete: try ControlAnswer.json(try await pause(RequestReading.athlete(context), request), status: .accepted)
        case .resumeAll: try ControlAnswer.json(try await resume(nil), status: .accepted)
        case .resumeAthlete: try ControlAnswer.json(try await resume(RequestReading.athlete(context)), status: .accepted)
        case .rebuildAll: try ControlAnswer.json(try await rebuild(nil, request), status: .accepted)
        case .rebuildAthlete: try ControlAnswer.json(try await rebuild(RequestReading.athlete(context), request), status: .accepted)
        case .rebuildReportAll: try ControlAnswer.json(try await rebuildReport(nil, request))
        case .rebuildReportAthlete: try ControlAnswer.json(try await rebuildReport(RequestReading.athlete(context), request))
        case .webhook: try ControlAnswer.json(try await webhook())
        case .subscribe: try ControlAnswer.json(try await subscribe())
        case .unsubscribe: try ControlAnswer.json(try await unsubscribe(request))
        case .progressAll: try await progress(nil, request)
        case .progressAthlete: try await progress(RequestReading.athlete(context), request)
        }
    }
}
