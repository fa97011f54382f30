# Made with Debian's python3-torch 1.13 and python3-onnx 1.12: small models with random weights, as PyTorch's exporter writes them.
# python3 export_models.py FOLDER
import sys, os, torch, torch.nn as nn, torch.nn.functional as F
out = sys.argv[1]; torch.manual_seed(7)
def stir(m):
    for b in m.modules():
        if isinstance(b, nn.BatchNorm2d):
            b.running_mean.normal_(0, .3); b.running_var.uniform_(.3, 2); nn.init.uniform_(b.weight, .5, 1.5); nn.init.normal_(b.bias, 0, .3)
    return m.eval()
class BatchNorms(nn.Module):  # BatchNormalization kept: behind grouped and depthwise convolutions, a ConvTranspose, a ReLU
    def __init__(s):
        super().__init__()
        s.a=nn.Conv2d(1,8,3,padding=1,bias=False); s.na=nn.BatchNorm2d(8); s.g=nn.Conv2d(8,8,3,groups=2); s.ng=nn.BatchNorm2d(8)
        s.d=nn.Conv2d(8,8,3,groups=8,bias=False); s.nd=nn.BatchNorm2d(8); s.t=nn.ConvTranspose2d(8,4,2,stride=2,groups=2); s.nt=nn.BatchNorm2d(4); s.alone=nn.BatchNorm2d(4); s.f=nn.Linear(4,5)
    def forward(s,x):
        x=F.relu(s.na(s.a(x))); x=F.relu6(s.ng(s.g(x))); x=F.hardswish(s.nd(s.d(x))); x=s.alone(F.relu(s.nt(s.t(x))))
        return s.f(F.adaptive_avg_pool2d(x,1).flatten(1))
class Shapes(nn.Module):  # Pad, Slice and Shape arithmetic, with a free batch and free sides
    def __init__(s): super().__init__(); s.c=nn.Conv2d(1,4,3); s.n=nn.LayerNorm(8); s.f=nn.Linear(8,5)
    def forward(s,x):
        h,w=x.shape[2],x.shape[3]; x=F.pad(x,(w%2,1,1,h%2)); x=F.relu(s.c(x)); x=x[:,:,:x.shape[2]//2*2,1:]
        b=x.shape[0]; x=torch.cat([x[:,:2],x[:,2:]],1); x=F.interpolate(x,size=(2,4)); x=x.reshape(b,-1,8); x=s.n(x).permute(0,2,1).mean(2); return s.f(x)
class Recurrent(nn.Module):
    def __init__(s): super().__init__(); s.l=nn.LSTM(4,6,batch_first=True,bidirectional=True); s.g=nn.GRU(12,5,batch_first=True); s.f=nn.Linear(5,3)
    def forward(s,x): x,_=s.l(x); x,_=s.g(x); return s.f(x[:,-1])
class Branches(nn.Module):
    def __init__(s): super().__init__(); s.f=nn.Linear(6,4)
    def forward(s,x):
        y=s.f(x)
        if x.sum()>0: y=torch.relu(y)+1
        else: y=torch.sigmoid(y)
        for i in range(x.size(0)): y=y+0.125
        return y
def export(m,x,name,axes,opset,script=False):
    m=stir(m); f=os.path.join(out,name)
    if script: m=torch.jit.script(m)
    torch.onnx.export(m,x,f,input_names=['input'],output_names=['logits'],dynamic_axes=axes,opset_version=opset,training=torch.onnx.TrainingMode.PRESERVE if 'batch' in name else torch.onnx.TrainingMode.EVAL,do_constant_folding='batch' not in name)
    print(name,os.path.getsize(f))
export(BatchNorms(),torch.randn(2,1,10,10),'batch_norms.onnx',{'input':{0:'N'},'logits':{0:'N'}},13)
export(Shapes(),torch.randn(2,1,9,11),'shapes.onnx',{'input':{0:'N',2:'H',3:'W'},'logits':{0:'N'}},11)
export(Recurrent(),torch.randn(2,7,4),'recurrent.onnx',{'input':{0:'N',1:'T'},'logits':{0:'N'}},14)
export(Branches(),torch.randn(2,6),'branches.onnx',{'input':{0:'N'},'logits':{0:'N'}},16,True)
