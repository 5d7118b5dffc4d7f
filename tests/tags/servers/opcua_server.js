// node-opcua's server with a small plant, for tests/tags/opcua.
//
//     node opcua_server.js PORT FOLDER [OPTIONS as JSON]
//
// FOLDER takes its certificates. Options: maxNodesPerRead, hidesLimit, maxSessions, allowAnonymous, users
// {name: password}, modes (None, Sign, SignAndEncrypt) of its channels, and trustsEverybody's certificate. It calls itself plc-7.elsewhere.example, as servers do that do not know how they are reached.

"use strict";

const { OPCUAServer } = require("node-opcua-server");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { DataType, Variant, VariantArrayType } = require("node-opcua-variant");
const { StatusCodes } = require("node-opcua-status-code");
const { DataValue } = require("node-opcua-data-value");

const MODES = { None: 1, Sign: 2, SignAndEncrypt: 3 }; // OPC 10000-4, 7.20
const URI = "http://plant.example/line1";

function plant(server) {
  const space = server.engine.addressSpace;
  const namespace = space.registerNamespace(URI);
  const line = namespace.addObject({ browseName: "Line1", organizedBy: space.rootFolder.objects });
  const id = (text) => (text.includes("=") ? text : `s=${text}`);
  const add = (name, dataType, value, more = {}) =>
    namespace.addVariable({
      componentOf: line, nodeId: id(name), browseName: name, dataType, value: new Variant({ dataType, arrayType: VariantArrayType.Scalar, value, ...more }),
    });
  add("Speed", DataType.Float, 12.3);
  add("Torque", DataType.Double, -0.1);
  add("Small", DataType.SByte, -5);
  add("Parts", DataType.UInt32, 4000000000);
  add("Total", DataType.Int64, [0x200000, 1]);
  add("Runs", DataType.Boolean, true);
  add("Name", DataType.String, "Öl 5 µm");
  add("Begun", DataType.DateTime, new Date(0));
  add("i=1003", DataType.Int16, -32768);
  add("g=0d3c8a2e-4f5b-4a39-9b62-0a8f1d0c7e11", DataType.Byte, 255);
  add("Speeds", DataType.Double, new Float64Array([1.5, 2.5, 3.5]), { arrayType: VariantArrayType.Array });
  add('"Data"."list"[3]', DataType.Int32, 33);
  add("Acknowledged", DataType.Boolean, false);
  for (let number = 0; number < 120; number++) add(`Many.${number}`, DataType.Int32, number);
  judged(add("Lost", DataType.Int32, 0), 7, StatusCodes.BadNoCommunication);
  judged(add("Last", DataType.Int32, 0), 7, StatusCodes.UncertainLastUsableValue);
  judged(add("Broken", DataType.Int32, 0), 7, StatusCodes.BadSensorFailure);
  const secret = namespace.addVariable({
    componentOf: line, nodeId: "s=Secret", browseName: "Secret", dataType: "Int32", accessLevel: "", userAccessLevel: "",
  });
  secret.setValueFromSource({ dataType: DataType.Int32, value: 7 });
  const fixed = namespace.addVariable({
    componentOf: line, nodeId: "s=Fixed", browseName: "Fixed", dataType: "Boolean", accessLevel: "CurrentRead",
  });
  fixed.setValueFromSource({ dataType: DataType.Boolean, value: false });
}

function judged(node, value, statusCode) {
  const said = new DataValue({ value: { dataType: DataType.Int32, value }, statusCode });
  node.bindVariable({ timestamped_get: () => said }, true);
}

async function serve(port, folder, options) {
  const users = options.users;
  const server = new OPCUAServer({
    host: "127.0.0.1",
    port,
    hostname: "plc-7.elsewhere.example",
    resourcePath: "/plant",
    allowAnonymous: options.allowAnonymous ?? true,
    userManager: users && { isValidUser: (user, password) => users[user] === password },
    serverCertificateManager: new OPCUACertificateManager({
      rootFolder: folder, automaticallyAcceptUnknownCertificate: options.trustsEverybody ?? false,
    }),
    securityModes: options.modes?.map((mode) => MODES[mode]),
    serverCapabilities: {
      maxSessions: options.maxSessions ?? 100,
      operationLimits: { maxNodesPerRead: options.maxNodesPerRead ?? 50 },
    },
  });
  await server.initialize();
  plant(server);
  if (options.hidesLimit) {
    const limits = server.engine.addressSpace.rootFolder.objects.server.serverCapabilities.operationLimits;
    limits.maxNodesPerRead.bindVariable({ get: () => new Variant({ dataType: DataType.UInt32, value: 0 }) }, true);
  }
  await server.start();
}

const [port, folder, options] = process.argv.slice(2);
serve(Number(port), folder, JSON.parse(options ?? "{}")).catch((error) => {
  console.error(error);
  process.exit(1);
});
