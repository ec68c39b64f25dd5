// Asks a riskwave server for its version, an oscillator and a simulation, from plain generated stubs.
//   node dist/example.js [host:port]        prints one JSON object
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { IndicatorService } from "./gen/riskwave/v1/indicator_service_pb.js";
import { SimulationService } from "./gen/riskwave/v1/simulation_service_pb.js";
import { SystemService } from "./gen/riskwave/v1/system_service_pb.js";

const address = process.argv[2] ?? "localhost:50051";
const transport = createGrpcTransport({ baseUrl: `http://${address}`, defaultTimeoutMs: 60_000 });

const info = await createClient(SystemService, transport).getServerInfo({});

const indicators = createClient(IndicatorService, transport);
const rsi = await indicators.computeIndicators({
  data: { case: "prices", value: { symbols: ["WTI"], startDate: "2024-01-01", endDate: "2024-12-31" } },
  calls: [{ name: "RSI", params: { timeperiod: { values: [{ value: { case: "intValue", value: 14n } }] } } }],
});

const simulation = await createClient(SimulationService, transport).simulate({
  spec: {
    model: "normal",
    assets: {
      case: "inlineAssets",
      value: { mean: [0.0005], covariance: { values: [0.0001], shape: [1n, 1n] } },
    },
    paths: 10_000n,
    horizonDays: 252,
    seed: 7n,
  },
});

// An error carries its code, what was wrong, and the correlation id under which the server logged it.
let refused = "";
try {
  await indicators.computeIndicators({
    data: { case: "prices", value: { symbols: ["WTI"] } },
    calls: [{ name: "RSX" }],
  });
} catch (error) {
  const problem = ConnectError.from(error);
  refused = `${Code[problem.code]}: ${problem.rawMessage}`;
}

const real = rsi.results[0]?.outputs[0]?.array?.values ?? [];
console.log(
  JSON.stringify({
    version: info.version,
    rsi: { last: real.at(-1), count: real.length, digest: rsi.meta?.digest },
    simulation: {
      mean: simulation.result?.statistics?.meanReturn?.value,
      standardError: simulation.result?.statistics?.meanReturn?.standardError,
      digest: simulation.meta?.digest,
    },
    refused,
  }),
);
