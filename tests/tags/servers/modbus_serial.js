// modbus-serial's server. argv: the port, and JSON of {holding, inputs, coils, discrete}: {address: value}.
// An address that it was not given is exception 2. It ends when its input ends.
"use strict";

const path = require("node:path");
const modules = path.join(__dirname, "../../../devstack/node_modules");
const ServerTCP = require(path.join(modules, "modbus-serial/servers/servertcp.js"));

const [port, tables] = [Number(process.argv[2]), JSON.parse(process.argv[3])];

function read(table) {
    return (address) => {
        if (!(address in table)) throw { modbusErrorCode: 2 };
        return table[address];
    };
}

const server = new ServerTCP(
    {
        getHoldingRegister: read(tables.holding),
        getInputRegister: read(tables.inputs),
        getCoil: read(tables.coils),
        getDiscreteInput: read(tables.discrete),
        setCoil: (address, value) => {
            read(tables.coils)(address);
            tables.coils[address] = value;
        },
    },
    { host: "127.0.0.1", port, unitID: 255 },
);
server.on("socketError", () => {}); // a client that goes away is none of its business
