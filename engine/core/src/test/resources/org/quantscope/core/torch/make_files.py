# Made the files beside it with PyTorch 1.13 (python3 make_files.py in this folder).
import collections, json, torch

torch.manual_seed(7)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 4, 3)
        self.norm = torch.nn.BatchNorm2d(4)
        self.up = torch.nn.ConvTranspose2d(4, 3, 2)
        self.head = torch.nn.Linear(5, 3)
        self.emb = torch.nn.Embedding(6, 2)

    def forward(self, x):
        return self.up(self.norm(self.conv(x)))


def said(d):
    return {
        k: {"dtype": str(v.dtype)[6:], "shape": list(v.shape), "values": [float(x) for x in v.detach().double().flatten()]}
        for k, v in d.items()
        if not v.is_complex() and not v.is_quantized
    }


net = Net()
state = net.state_dict()
values = {"state_dict": said(state)}
torch.save(state, "state_dict.pt")
torch.save(state, "legacy.pt", _use_new_zipfile_serialization=False)
odd = collections.OrderedDict()
base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
odd["transposed"] = base.t()
odd["rows"] = base[1:3]
odd["columns"] = base[:, 2:4]
odd["tied"] = base
odd["half"] = base.half()
odd["bfloat"] = base.bfloat16()
odd["double"] = base.double() + 1e-12
odd["long"] = torch.arange(-3, 3)
odd["byte"] = torch.arange(250, 256).to(torch.uint8)
odd["char"] = torch.arange(-3, 3).to(torch.int8)
odd["flag"] = torch.tensor([True, False])
odd["scalar"] = torch.tensor(2.5)
odd["empty"] = torch.zeros(0, 3)
odd["repeated"] = torch.tensor([1.0, 2.0]).expand(3, 2)
odd["complex"] = torch.zeros(2, dtype=torch.complex64)
odd["parameter"] = torch.nn.Parameter(torch.ones(2, 2))
odd["quantized"] = torch.quantize_per_tensor(base, 0.1, 0, torch.qint8)
torch.save(odd, "odd.pt")
optimizer = torch.optim.Adam(net.parameters())
net(torch.zeros(1, 2, 5, 5)).sum().backward()
optimizer.step()
torch.save(
    {"epoch": 3, "state_dict": net.state_dict(), "optimizer": optimizer.state_dict(), "best": 0.5}, "checkpoint.pt"
)
torch.save(net, "module.pt")
torch.save({"model": net, "epoch": 1}, "module_in_checkpoint.pt")
torch.jit.script(torch.nn.Linear(2, 2)).save("script.pt")


values["odd"] = said(odd)
values["checkpoint"] = said(net.state_dict())
json.dump(values, open("values.json", "w"))
